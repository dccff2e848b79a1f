"""The embedded Blob service (accounts, block blobs, SharedKey, SAS), and the one way to outside addresses."""
