"""Training jobs: a retrain as a child process while the service goes on, one at a time over all workers."""
