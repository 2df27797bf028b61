"""What `wb-track` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an npz, none of them a pickle."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
