"""The gates of a model update, a file each."""
