"""The domain of intake: contacts, reports, what is owed to callers, and reference numbers."""
