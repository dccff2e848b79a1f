"""The expression language of pipelines: parse, evaluate, functions by family. Pure."""
