"""Policy as pure functions: packs, screening, due times, the promise as a state machine, certificates.

Nothing here reads a clock, a database or the network: the same arguments give the same answer for years.
"""
