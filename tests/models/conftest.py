"""The arrays of the stand-in body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.body_file import BodyArrays, read_body_file
from tests import standins
from tests.models.poses import Raw


@pytest.fixture(scope="module")
def raw() -> Raw:
    """The stand-in file's content."""
    return dict(standins.body_arrays())


@pytest.fixture(scope="module")
def arrays(body_path: Path) -> BodyArrays:
    return read_body_file(body_path)


@pytest.fixture(scope="module")
def small(raw: Raw) -> Raw:
    """A body in the layout of version 1.0, a tenth of the size: 20 directions, a sparse regressor, narrow numbers."""
    regressor = np.where(raw["J_regressor"] > 1e-5, raw["J_regressor"], 0.0)
    return {
        **{key: raw[key] for key in raw if not key.startswith("hands_components")},
        "shapedirs": raw["shapedirs"][:, :, :20],
        "posedirs": raw["posedirs"].astype(np.float16),
        "weights": raw["weights"].astype(np.float32),
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
    }


@pytest.fixture(scope="module")
def small_npz(small: Raw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "SMPLX.npz"
    np.savez(path, **small)
    return path
