"""From one guess a frame to motion: one camera, one shape, filters on SO(3), guards."""
