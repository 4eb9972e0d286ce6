"""The downtime book: what is owed, who is on and how they are reached, on paper, for when the platform is away."""
