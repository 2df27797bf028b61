"""What tests of whole commands share."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
Track = Callable[..., int]
OneLine = Callable[[], str]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty frames of a moving pattern at 25 a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    x, y = np.arange(160), np.arange(120)[:, None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for k in range(60):
            planes = [127 + 120 * np.sin((a * x + b * y) / 9 + k / 3) for a, b in ((1, 1), (2, -1), (1, 2))]
            picture = av.VideoFrame.from_ndarray(np.stack(planes, -1).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write to, so that relative names mean something. It has a folder of its own, and a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "takes").mkdir()
    for name in ("folder.npz", "meshes.obj", "folder.mp4"):
        (tmp_path / name).mkdir()
    (tmp_path / "file.obj").touch()
    (tmp_path / "file").touch()
    return tmp_path
