"""What triage does: one function a command, each in one transaction with its fact and its audit row."""
