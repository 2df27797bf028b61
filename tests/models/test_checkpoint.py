"""Checkpoints: exactly the tensors of the file, or one sentence that names what is wrong, and nothing run."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import CheckpointError, load_checkpoint
from models.networks.config import NetworkConfig
from tests import standins
from tests.conftest import TINY, TINY_DETECTOR, detector_entry, save_tiny_checkpoint, shapes_of, tiny_detector

BIAS = "face_regressor.expr_out.0.bias"
WEIGHT = "hand_position_net.conv.0.weight"

Network = dict[str, Any]


@pytest.fixture(scope="module")
def network() -> Network:
    """The "network" of a tiny checkpoint. Tests copy it."""
    return dict(standins.checkpoint(0, shapes_of(TINY))["network"])


def save(path: Path, network: object, **others: object) -> Path:
    torch.save({"network": network, "architecture": TINY.to_dict(), **others}, path)
    return path


def refusal(path: Path) -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(CheckpointError) as refused:
        load_checkpoint(path)
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def with_last(tensor: Tensor, value: float) -> Tensor:
    changed = tensor.clone()
    changed.view(-1)[-1] = value
    return changed


# What is read


def test_every_tensor_is_the_files(tmp_path: Path) -> None:
    loaded = load_checkpoint(save_tiny_checkpoint(tmp_path / "tiny.pth.tar", seed=3)).network.state_dict()
    expected = standins.weights(3, shapes_of(TINY))
    assert loaded.keys() == expected.keys()
    for name, tensor in loaded.items():
        np.testing.assert_array_equal(tensor.numpy(), expected[name], err_msg=name)


def test_names_without_the_prefix_are_the_same(tmp_path: Path, network: Network) -> None:
    bare = {name.removeprefix("module."): tensor for name, tensor in network.items()}
    loaded = load_checkpoint(save(tmp_path / "tiny.pth.tar", bare)).network.state_dict()
    assert all(torch.equal(tensor, bare[name]) for name, tensor in loaded.items())


def test_network_is_ready_for_inference(tmp_path: Path) -> None:
    loaded = load_checkpoint(save_tiny_checkpoint(tmp_path / "tiny.pth.tar")).network
    assert not any(module.training for module in loaded.modules())
    assert {parameter.device.type for parameter in loaded.parameters()} == {"cpu"}


def test_architecture_is_the_files(tmp_path: Path) -> None:
    assert load_checkpoint(save_tiny_checkpoint(tmp_path / "tiny.pth.tar")).network.config == TINY


def test_shape_space_is_smplx_unless_the_file_says_another(tmp_path: Path, network: Network) -> None:
    assert load_checkpoint(save(tmp_path / "released.pth.tar", network)).shape_space == "smplx"
    own = save(tmp_path / "own.pth.tar", network, shape_space="wb-track-open-1")
    assert load_checkpoint(own).shape_space == "wb-track-open-1"


def test_released_network_has_the_released_names_and_shapes() -> None:
    released = standins.released_shapes()
    assert len(released) == 834
    assert shapes_of(NetworkConfig()) == released


def test_detector_is_the_files_where_there_is_one(tmp_path: Path, network: Network) -> None:
    assert load_checkpoint(save(tmp_path / "without.pth.tar", network)).detector is None
    detector = load_checkpoint(save(tmp_path / "with.pth.tar", network, detector=detector_entry())).detector
    assert detector is not None
    assert detector.config == TINY_DETECTOR
    assert not detector.training
    expected = tiny_detector().state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in detector.state_dict().items())


# What does not fit


@pytest.mark.parametrize("names", [[BIAS], [BIAS, WEIGHT, "backbone.bn1.running_var"]])
def test_missing_tensors_are_named(tmp_path: Path, network: Network, names: list[str]) -> None:
    rest = {name: tensor for name, tensor in network.items() if name.removeprefix("module.") not in names}
    message = refusal(save(tmp_path / "bad.pth.tar", rest))
    assert f"{len(names)} tensors missing: " in message
    assert all(name in message for name in names)
    assert "unexpected" not in message


def test_unexpected_tensor_is_named(tmp_path: Path, network: Network) -> None:
    message = refusal(save(tmp_path / "bad.pth.tar", {**network, "module.neck.weight": torch.zeros(2)}))
    assert "1 tensors unexpected: neck.weight" in message
    assert "missing" not in message


def test_tensor_of_another_shape_is_named_with_both_shapes(tmp_path: Path, network: Network) -> None:
    message = refusal(save(tmp_path / "bad.pth.tar", {**network, f"module.{BIAS}": torch.zeros(50)}))
    assert f"1 tensors wrong: {BIAS} ([50], expected [10])" in message


def test_what_is_no_tensor_is_named(tmp_path: Path, network: Network) -> None:
    message = refusal(save(tmp_path / "bad.pth.tar", {**network, f"module.{BIAS}": [0.0] * 10}))
    assert f"{BIAS} (list, expected [10])" in message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_tensor_that_is_not_finite_is_named(tmp_path: Path, network: Network, value: float) -> None:
    bad = {**network, f"module.{WEIGHT}": with_last(network[f"module.{WEIGHT}"], value)}
    assert f"1 tensors not finite: {WEIGHT}" in refusal(save(tmp_path / "bad.pth.tar", bad))


def test_everything_wrong_is_named_at_once(tmp_path: Path, network: Network) -> None:
    bad = {name: tensor for name, tensor in network.items() if name != f"module.{BIAS}"}
    bad |= {"module.extra": torch.zeros(1), f"module.{WEIGHT}": torch.zeros(1)}
    message = refusal(save(tmp_path / "bad.pth.tar", bad))
    assert all(word in message for word in (f"missing: {BIAS}", "unexpected: extra", f"wrong: {WEIGHT}"))


def test_another_network_is_refused_naming_tensors_of_both(tmp_path: Path) -> None:
    message = refusal(save(tmp_path / "resnet.pth", {"fc.weight": torch.zeros(1000, 512)}))
    assert "does not fit Hand4Whole" in message
    assert "unexpected: fc.weight" in message
    assert "missing: backbone.conv1.weight" in message
    assert " more" in message  # and does not list hundreds


def test_weights_of_another_size_are_refused(tmp_path: Path, network: Network) -> None:
    path = tmp_path / "small.pth.tar"
    torch.save({"network": network}, path)  # without its architecture: the released sizes
    assert "backbone.conv1.weight ([8, 3, 7, 7], expected [64, 3, 7, 7])" in refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": {}},  # as other projects name it
        {"network": None},
        {"network": [1, 2]},
        [1, 2],
        torch.zeros(3),
    ],
)
def test_file_without_a_network_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    assert 'is not a Hand4Whole checkpoint: it has no "network"' in refusal(path)


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ({"hand_px": 100}, "network inputs must be multiples of 32 px, not 100"),
        ({"crop_hw": [500, 384]}, "must be a whole multiple of the body input"),
        ({"legs": 2}, "unknown network sizes legs"),
        ({"body_backbone": {"blocks": [3, 4], "bottleneck": True}}, "a ResNet has four stages"),
        ({"body_backbone": {"blocks": [1, 1, 1, 1]}}, "bottleneck"),
        ({"joint_channels": -1}, "architecture that cannot be built"),
        ({"depth_bins": 0}, "architecture that cannot be built"),
        ({"box_channels": "many"}, "architecture that cannot be built"),
        ("large", "architecture that cannot be built"),
        (None, "architecture that cannot be built"),
        ([], "architecture that cannot be built"),
    ],
)
def test_impossible_architecture_is_refused(tmp_path: Path, network: Network, architecture: object, words: str) -> None:
    assert words in refusal(save(tmp_path / "bad.pth.tar", network, architecture=architecture))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, 'has no "network" for Detector'),
        ({"architecture": {}}, 'has no "network" for Detector'),
        (
            {"network": {}, "architecture": {"anchors": 9}},
            "cannot be built, for Detector: unknown network sizes anchors",
        ),
        ({"network": {}, "architecture": {"input_hw": 5}}, "cannot be built, for Detector"),
        ({"network": {"legs": torch.zeros(1)}}, "does not fit Detector: "),
    ],
)
def test_impossible_detector_is_refused(tmp_path: Path, network: Network, entry: object, words: str) -> None:
    assert words in refusal(save(tmp_path / "bad.pth.tar", network, detector=entry))


# What is no checkpoint


class Trap:
    """Makes a file when a careless reader loads it."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def save_as_zip(content: object, path: Path) -> None:
    torch.save(content, path)


def save_as_legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def save_as_pickle(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize("write", [save_as_zip, save_as_legacy, save_as_pickle])
def test_pickle_that_would_run_something_is_refused_and_not_run(
    tmp_path: Path, network: Network, write: Callable[[object, Path], None]
) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / "trap.pth.tar"
    write({"network": network, "optimizer": Trap(marker)}, path)
    assert "was refused" in refusal(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"a text, not a checkpoint\n", b"PK\x03\x04 cut short", b"<!doctype html><title>Sign in</title>"],
)
def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.pth.tar"
    path.write_bytes(content)
    assert refusal(path)


def test_checkpoint_cut_short_is_refused(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path / "tiny.pth.tar")
    path.write_bytes(path.read_bytes()[:-1000])
    assert "damaged or another format" in refusal(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*nowhere\.pth"):
        load_checkpoint(tmp_path / "nowhere.pth")


def test_joints_have_a_depth_where_the_file_says_one(tmp_path: Path, network: Network) -> None:
    path = tmp_path / "tiny.pth.tar"
    assert load_checkpoint(save(path, network)).joint_depth_m is None
    for value in (2.0, 2):
        assert load_checkpoint(save(path, network, joint_depth_m=value)).joint_depth_m == 2.0


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), "2"])
def test_a_depth_that_is_no_length_is_refused(tmp_path: Path, network: Network, value: object) -> None:
    assert "joint_depth_m that is no length" in refusal(save(tmp_path / "tiny.pth.tar", network, joint_depth_m=value))


@pytest.mark.parametrize("value", [3, "", None, torch.zeros(1)])
def test_shape_space_that_is_no_name_is_refused(tmp_path: Path, network: Network, value: object) -> None:
    assert "expected the name of a body's space" in refusal(save(tmp_path / "bad.pth.tar", network, shape_space=value))
