"""Clips of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.app.sources.numbered import CLIPS, Clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return {name: clip.write(tmp_path_factory.mktemp(name)) for name, clip in CLIPS.items()}


@pytest.fixture(scope="module")
def transport_stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a camcorder writes: no index, and times that start above zero."""
    return Clip(".ts").write(tmp_path_factory.mktemp("ts"))
