"""The module catalog: one file per family, a Spec above each function."""
