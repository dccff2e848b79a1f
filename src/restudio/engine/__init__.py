"""Where module functions run: warm child processes, and the sandbox for user scripts."""
