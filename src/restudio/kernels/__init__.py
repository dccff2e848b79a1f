"""Column kernels: the description that a predictive graph is lowered to, and its two speeds (a row, a chunk)."""
