"""Following people from frame to frame: their boxes and who they are."""
