"""Factory documents: read leniently, checked strictly."""
