"""Messages to people: asked for once, sent once, and never lost while the mail server is away."""
