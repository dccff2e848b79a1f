"""The functions of the language, a module for each family. What stands here is found; nothing is registered."""
