"""Intake: contacts from the first ring, and what comes of them: reports, callbacks, voicemail."""
