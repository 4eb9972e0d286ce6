"""What takes time: alarms of promises and stories of investigations. Services own state, workflows own time."""

TASK_QUEUE = "hotline"
DEPLOYMENT = "hotline"
"""What the builds of the worker are versions of."""
