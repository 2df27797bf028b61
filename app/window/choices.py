"""What there is to choose from."""

from __future__ import annotations

from app.load import OPEN_BUNDLE, user_bundles
from app.sources.camera_address import cameras
from engines.bundle import FILE_NAME


def camera_choices() -> list[tuple[str, str]]:
    """Value for --camera, and label."""
    return [(number, f"{number}: {name}" if name else f"Camera {number}") for number, name in cameras()]


def model_choices() -> list[tuple[str, str]]:
    """Value for --model, and label: the user's bundles, then the one that is shipped."""
    found = [(folder.name, folder.name) for folder in user_bundles()]
    shipped = [(str(OPEN_BUNDLE), "Open model (shipped)")] if (OPEN_BUNDLE / FILE_NAME).is_file() else []
    return [*found, *shipped]
