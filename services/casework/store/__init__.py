"""Casework's own database: a module for each noun."""
