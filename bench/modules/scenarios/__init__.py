"""The scenarios, a file per family of modules."""
