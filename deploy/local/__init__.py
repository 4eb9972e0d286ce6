"""The embedded stack: PostgreSQL, Kafka, Temporal and a mail server, then the platform itself, on this machine alone.

No root, no Docker, no Java and no Go needed: the parts come as Python wheels, as verified jars, or are built once.
"""
