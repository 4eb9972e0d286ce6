"""How Hotline is deployed: `local` is the embedded stack of a developer's machine."""
