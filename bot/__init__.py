"""Lookout: incidents walked and launches judged, in Slack."""

__version__ = "0.1.0"
