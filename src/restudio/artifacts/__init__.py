"""Values other than tables that travel between modules: untrained models, models, transforms, and their container."""
