"""Shifts as files: which contacts come, what people do, what must come of it; played by public calls."""
