"""What can go wrong, by whose move is next."""

from __future__ import annotations


class InputError(ValueError):
    """An argument or an input is unusable: found before tracking starts, exit code 2."""


class TrackingError(RuntimeError):
    """Something failed while running: what was recorded is kept, exit code 1."""
