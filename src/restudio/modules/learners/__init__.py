"""Machine Learning / Initialize Model: learners, each with its fitting and its scoring kernel."""
