"""The tiny network, to be exported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import exporter.export
from models.checkpoint import load_checkpoint
from models.networks.hand4whole import Hand4Whole
from tests.conftest import save_tiny_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tiny_bundle` was exported from, once more."""
    return save_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny.pth.tar")


@pytest.fixture(scope="module")
def network(checkpoint: Path) -> Hand4Whole:
    return load_checkpoint(checkpoint).network


@pytest.fixture
def traced(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing takes no time: each graph is that of `tiny_bundle`. All else, the proof included, is as ever."""

    def copy(spec: Any, _network: Any, _feeds: Any, path: Path) -> None:
        shutil.copy(tiny_bundle / f"{spec.name}.onnx", path)

    monkeypatch.setattr(exporter.export, "export_graph", copy)
