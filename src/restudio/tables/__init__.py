"""The Table value, its statistics, and one codec per file format."""
