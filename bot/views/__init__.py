"""Core objects to Block Kit, charts and plain text."""
