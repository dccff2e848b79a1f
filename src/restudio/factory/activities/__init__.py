"""Activity types, a file per kind; see ``restudio.factory.activity``."""
