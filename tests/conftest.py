"""What many tests share. The full-size stand-in bundles are made once a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import engines.automatic
import engines.remembered
from app.main import main as wb_track
from exporter.main import main as wb_export
from models.networks.config import DetectorConfig, NetworkConfig, ResNetConfig
from models.networks.detector import Detector
from models.networks.hand4whole import Hand4Whole
from models.smplx_body import SmplxBody
from tests import standins

# Hand4Whole's architecture at a size that exports in seconds.
TINY = NetworkConfig(
    crop_hw=(128, 96),
    body_hw=(128, 96),
    hand_px=64,
    face_px=64,
    body_backbone=ResNetConfig((1, 1, 1, 1), bottleneck=False, width=8),
    hand_backbone=ResNetConfig((1, 1, 1, 1), bottleneck=True, width=8),
    face_backbone=ResNetConfig((1, 1, 1, 1), bottleneck=False, width=8),
    joint_channels=16,
    box_channels=16,
)
# The same with finer feature maps, and a body input that is half of the crop.
FINE = replace(
    TINY,
    crop_hw=(224, 160),
    body_hw=(112, 80),
    body_backbone=replace(TINY.body_backbone, stride=16),
    hand_backbone=replace(TINY.hand_backbone, stride=16),
)

TINY_DETECTOR = DetectorConfig((64, 96), ResNetConfig((1, 1, 1, 1), bottleneck=False, width=8), channels=8, people=4)


def tiny_detector() -> Detector:
    """Untrained, and sure of people everywhere."""
    torch.manual_seed(0)
    detector = Detector(TINY_DETECTOR)
    last = detector.head[-1]
    assert isinstance(last, torch.nn.Conv2d)
    assert last.bias is not None
    torch.nn.init.normal_(last.weight, std=0.5)
    torch.nn.init.ones_(last.bias)
    return detector.eval()


def detector_entry() -> dict[str, object]:
    """The "detector" of a checkpoint."""
    return {"architecture": TINY_DETECTOR.to_dict(), "network": tiny_detector().state_dict()}


def shapes_of(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a network of that size."""
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in Hand4Whole(config).state_dict().items()}


def save_tiny_checkpoint(path: Path, seed: int = 0) -> Path:
    content = standins.checkpoint(seed, shapes_of(TINY))
    torch.save({**content, "architecture": TINY.to_dict()}, path)
    return path


@pytest.fixture(autouse=True)
def only_onnxruntime(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing else is chosen by itself, whatever this machine has, and nothing is written into the user's cache."""
    monkeypatch.setattr(engines.automatic, "openvino_is_installed", lambda: False)
    monkeypatch.setattr(engines.automatic, "cuda_is_built_in", lambda: False)
    monkeypatch.setattr(engines.remembered, "cache_folder", lambda: tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the tiny network with stand-in weights."""
    folder = tmp_path_factory.mktemp("tiny")
    checkpoint = save_tiny_checkpoint(folder / "tiny.pth.tar")
    assert wb_export([str(checkpoint), "--out", str(folder / "bundle")]) == 0
    return folder / "bundle"


@pytest.fixture(scope="session")
def full_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Bundles of the released size with stand-in weights, by seed, through `wb-export`."""
    folder = tmp_path_factory.mktemp("full")

    def bundle(seed: int) -> Path:
        out = folder / f"seed{seed}"
        if not out.exists():
            checkpoint = folder / "standin.pth.tar"
            torch.save(standins.checkpoint(seed), checkpoint)
            assert wb_export([str(checkpoint), "--out", str(out)]) == 0
            checkpoint.unlink()
        return out

    return bundle


@pytest.fixture(scope="session")
def body_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in SMPL-X file."""
    path = tmp_path_factory.mktemp("body") / standins.BODY
    np.savez(path, **standins.body_arrays())  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="session")
def body(body_path: Path) -> SmplxBody:
    return SmplxBody.load(body_path)


@pytest.fixture(scope="session")
def open_body_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small stand-in for the open body, of another shape space than the stand-in models."""
    return standins.save_body(tmp_path_factory.mktemp("open") / "body.npz", standins.open_body_arrays())


Track = Callable[..., int]


@pytest.fixture
def track(tiny_bundle: Path, body_path: Path) -> Track:
    """`wb-track` with the tiny model and the stand-in body; gives the exit code."""

    def run(*arguments: object) -> int:
        try:
            return wb_track(["--model", str(tiny_bundle), "--body", str(body_path), *map(str, arguments)])
        except SystemExit as end:  # argparse
            return int(end.code or 0)

    return run


@pytest.fixture
def one_line(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """The one line a program said since the last look, on either stream. Fails for any other number."""

    def read() -> str:
        out, err = capfd.readouterr()
        lines = (out + err).splitlines()
        assert len(lines) == 1, lines
        return lines[0]

    return read


def bundle_description(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "bundle.json").read_text()))
