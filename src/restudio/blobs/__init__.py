"""The blob service: containers, blobs, SharedKey and SAS; and reading and writing blob references."""
