"""The domain, pure and frozen: no I/O, no clock, no Slack."""
