"""Places outside that Import Data reads and Export Data writes: a file for each family, with its parameters."""
