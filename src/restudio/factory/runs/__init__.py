"""Pipeline runs: decided purely, told by events, carried out durably."""
