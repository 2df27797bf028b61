"""The window: widgets show and ask; the controller owns sources, models, takes and settings."""
