"""The `hotline` command: one file per group of commands, each thin."""
