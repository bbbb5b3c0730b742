"""The outbox worker that delivers to Slack, in order, once."""
