"""Formats of files: delimited text, JSON, Parquet, and the codecs around them."""
