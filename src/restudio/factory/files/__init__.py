"""Folders and files as activities see them, wherever they are."""
