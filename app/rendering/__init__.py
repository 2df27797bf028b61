"""Pictures of people: one renderer for the window, overlays, stills and tests."""
