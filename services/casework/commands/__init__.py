"""What casework does: one function a command, each in the unit of work that it is given."""
