"""Batch execution (BES): jobs that read inputs from blobs, run a deployed graph and write outputs to blobs."""
