"""The demo: both of Lookout's stories on sample data, in a local workspace, with the unmodified bot."""
