"""Designer pipelines: drafts, parameters, published pipelines and their endpoints, data stores."""
