"""What triage knows: decisions, how they may be overridden and reviewed, and what is drawn at random."""
