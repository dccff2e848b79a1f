"""Ids, errors, declarations and the registry: what every other package leans on."""
