"""Data Factory: documents, linked services, datasets, activities, triggers, and the loop that runs pipelines."""
