"""Finding people in a frame."""
