"""Tracking as it happens: a session from a source to the newest result, and takes recorded meanwhile."""
