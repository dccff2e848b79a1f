"""When something starts by itself: recurrences, windows, events; what has fired, and the loop that fires."""
