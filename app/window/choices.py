"""What there is to choose from."""

from __future__ import annotations

from app.load import OPEN_BUNDLE
from app.sources.camera_address import cameras
from engines.bundle import FILE_NAME, user_bundle_folder


def camera_choices() -> list[tuple[str, str]]:
    """Value for --camera, and label."""
    return [(number, f"{number}: {name}" if name else f"Camera {number}") for number, name in cameras()]


def model_choices() -> list[tuple[str, str]]:
    """Value for --model, and label: the user's bundles, then the one that is shipped."""
    found = [(path.parent.name, path.parent.name) for path in sorted(user_bundle_folder("").glob(f"*/{FILE_NAME}"))]
    shipped = [(str(OPEN_BUNDLE), "Open model (shipped)")] if (OPEN_BUNDLE / FILE_NAME).is_file() else []
    return [*found, *shipped]
