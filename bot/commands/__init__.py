"""One verb of the `lookout` command a file; imported only when it is called."""
