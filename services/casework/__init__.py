"""Casework: the workforce, the investigations, and the ledger of promises."""
