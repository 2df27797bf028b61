"""What is published is the averaged weights, as the exporter reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.checkpoint import load_checkpoint
from models.networks.detector import Detector
from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY, TINY_DETECTOR
from training import checkpoints
from training.body.expressions import DIRECTIONS
from training.make_body import SHAPE_SPACE
from training.publish import _NOT_FOUND, LICENCE, published
from training.sizes import SHARPNESS, WEIGHING
from training.targets import BODY_DEPTH_M
from training.torch_rotations import from_rot6d

PUBLISHED = replace(TINY, sharpness=SHARPNESS)


def _trained(folder: Path, name: str, network: torch.nn.Module, architecture: dict[str, object]) -> None:
    wrong = {key: value + 1 for key, value in network.state_dict().items()}
    checkpoints.save(folder / name, {"network": wrong, "average": network.state_dict(), "architecture": architecture})


def test_the_average_is_published_with_its_space_and_licence(tmp_path: Path) -> None:
    network = Hand4Whole(TINY)
    _trained(tmp_path, "network", network, TINY.to_dict())
    torch.save(published(tmp_path), tmp_path / "open.pth.tar")
    loaded = load_checkpoint(tmp_path / "open.pth.tar")
    assert (loaded.shape_space, loaded.licence, loaded.detector) == (SHAPE_SPACE, LICENCE, None)
    assert loaded.joint_depth_m == BODY_DEPTH_M
    assert loaded.network.config == replace(TINY, sharpness=SHARPNESS)
    for name, value in network.state_dict().items():
        if "pose_out" not in name and "expr_out" not in name:
            torch.testing.assert_close(loaded.network.state_dict()[name], value)


def test_expressions_that_are_not_found_stay_at_rest(tmp_path: Path) -> None:
    network = Hand4Whole(PUBLISHED).eval()
    _trained(tmp_path, "network", network, TINY.to_dict())
    torch.save(published(tmp_path), tmp_path / "open.pth.tar")
    loaded = load_checkpoint(tmp_path / "open.pth.tar").network.eval()
    crop = torch.randint(0, 256, (1, *TINY.crop_hw, 3), dtype=torch.uint8)
    with torch.no_grad():
        before, after = (net(crop)[2].expression[0] for net in (network, loaded))
    at_rest = [list(DIRECTIONS).index(name) for name in _NOT_FOUND]
    found = [row for row in range(10) if row not in at_rest]
    assert len(found) == 4
    assert not after[at_rest].any()
    torch.testing.assert_close(after[found], before[found])


def test_rotations_are_published_short_and_are_the_same(tmp_path: Path) -> None:
    network = Hand4Whole(PUBLISHED).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "pose_out" in name:
                weight.mul_(1000.0)
    _trained(tmp_path, "network", network, TINY.to_dict())
    torch.save(published(tmp_path), tmp_path / "open.pth.tar")
    loaded = load_checkpoint(tmp_path / "open.pth.tar").network.eval()
    crop = torch.randint(0, 256, (1, *TINY.crop_hw, 3), dtype=torch.uint8)
    with torch.no_grad():
        long, short = (from_rot6d(net(crop)[3].body_rot6d) for net in (network, loaded))
    torch.testing.assert_close(short, long, atol=1e-3, rtol=0)
    weights = [weight for name, weight in loaded.named_parameters() if "pose_out" in name and weight.ndim == 2]
    assert max(weight.square().mean().sqrt() for weight in weights) < 0.011


def test_a_trained_detector_comes_along(tmp_path: Path) -> None:
    detector = Detector(TINY_DETECTOR)
    _trained(tmp_path, "network", Hand4Whole(TINY), TINY.to_dict())
    _trained(tmp_path, "detector", detector, TINY_DETECTOR.to_dict())
    torch.save(published(tmp_path), tmp_path / "open.pth.tar")
    loaded = load_checkpoint(tmp_path / "open.pth.tar").detector
    assert loaded is not None
    assert loaded.config == replace(TINY_DETECTOR, weighing=WEIGHING)
    for name, value in detector.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value)


def test_without_a_network_there_is_nothing_to_publish(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        published(tmp_path)
