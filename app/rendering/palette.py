"""A colour for each person, told apart with any kind of colour vision."""

from __future__ import annotations

Colour = tuple[int, int, int]

# Okabe and Ito's set (Color Universal Design, 2008) without black and the dark blue, the most different ones first.
_COLOURS: tuple[Colour, ...] = (
    (86, 180, 233),  # sky blue
    (230, 159, 0),  # orange
    (0, 158, 115),  # bluish green
    (204, 121, 167),  # reddish purple
    (240, 228, 66),  # yellow
    (213, 94, 0),  # vermilion
)


def colour_of(track_id: int) -> Colour:
    """RGB, 0 to 255; the same for a track as long as it lives. Tracks count from 1."""
    return _COLOURS[(track_id - 1) % len(_COLOURS)]
