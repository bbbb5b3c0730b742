"""Where evidence and data come from."""
