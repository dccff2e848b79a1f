"""Data stores: registered places of data, and the data at a path in them."""
