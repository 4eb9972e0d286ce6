"""What those who run the platform do with it: back up, restore, upgrade, and read what they are told to type."""
