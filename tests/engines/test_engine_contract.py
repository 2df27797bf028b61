"""What every engine does alike, on the graphs of the tiny network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.bundle import GRAPHS
from engines.engine import Engine, EngineError, TensorSpec
from engines.onnxruntime_engine import OnnxRuntimeEngine
from tests.engines.contract import INPUTS, OUTPUTS, Table, assert_near, feeds_of


def specs(table: Table) -> dict[str, TensorSpec]:
    return {name: TensorSpec(np.dtype(dtype), shape) for name, (dtype, shape) in table.items()}


# Specifications


@pytest.mark.parametrize("graph", GRAPHS)
def test_inputs_are_the_contracts(engines: dict[str, Engine], graph: str) -> None:
    assert engines[graph].inputs == specs(INPUTS[graph])


@pytest.mark.parametrize("graph", GRAPHS)
def test_outputs_are_the_contracts(engines: dict[str, Engine], graph: str) -> None:
    assert engines[graph].outputs == specs(OUTPUTS[graph])


def test_device_is_named(engines: dict[str, Engine]) -> None:
    assert {engine.device for engine in engines.values()} == {"cpu"}


# Running


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("graph", GRAPHS)
def test_outputs_have_the_batch_and_the_specified_shapes(engines: dict[str, Engine], graph: str, count: int) -> None:
    outputs = engines[graph].run(feeds_of(graph, count))
    assert list(outputs) == list(OUTPUTS[graph])
    for name, spec in engines[graph].outputs.items():
        assert spec.accepts(outputs[name]), name
        assert len(outputs[name]) == count
        assert np.isfinite(outputs[name]).all(), name


@pytest.mark.parametrize("graph", GRAPHS)
def test_batch_is_its_members_one_by_one(engines: dict[str, Engine], graph: str) -> None:
    feeds = feeds_of(graph, 3)
    together = engines[graph].run(feeds)
    for row in range(3):
        alone = engines[graph].run({name: array[row : row + 1] for name, array in feeds.items()})
        for name, array in together.items():
            assert_near(alone[name][0], array[row])


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("graph", GRAPHS)
def test_outputs_are_those_of_onnx_runtime(
    engines: dict[str, Engine], tiny_bundle: Path, graph: str, count: int
) -> None:
    feeds = feeds_of(graph, count)
    outputs = engines[graph].run(feeds)
    with OnnxRuntimeEngine(tiny_bundle / f"{graph}.onnx") as reference:
        for name, array in reference.run(feeds).items():
            assert_near(outputs[name], array)


def test_order_of_the_inputs_does_not_matter(engines: dict[str, Engine]) -> None:
    feeds = feeds_of("pose", 1)
    backwards = dict(reversed(feeds.items()))
    assert_near(engines["pose"].run(backwards)["camera"], engines["pose"].run(feeds)["camera"])


def test_array_with_gaps_gives_what_its_copy_gives(engines: dict[str, Engine]) -> None:
    crop = feeds_of("body", 24)["crop"][:, :, ::-1]  # large, so that the memory of a lost copy would be taken away
    found = engines["body"].run({"crop": crop})
    assert_near(found["joints"], engines["body"].run({"crop": crop.copy()})["joints"])


def test_feeds_are_left_as_they_are(engines: dict[str, Engine]) -> None:
    feeds = feeds_of("hand", 2)
    engines["hand"].run(feeds)
    for name, array in feeds_of("hand", 2).items():
        np.testing.assert_array_equal(feeds[name], array)


def test_outputs_of_one_run_survive_the_next(engines: dict[str, Engine]) -> None:
    outputs = engines["face"].run(feeds_of("face", 2))
    copies = {name: array.copy() for name, array in outputs.items()}
    engines["face"].run({name: np.zeros_like(array) for name, array in feeds_of("face", 2).items()})
    for name, array in outputs.items():
        np.testing.assert_array_equal(array, copies[name])


# Keeping on the device


def test_kept_output_equals_the_plain_one(engines: dict[str, Engine]) -> None:
    feeds = feeds_of("body", 2)
    kept = engines["body"].run(feeds, keep=["features"])["features"]
    plain = engines["body"].run(feeds)["features"]
    assert (kept.dtype, kept.shape) == (plain.dtype, plain.shape)
    np.testing.assert_array_equal(kept.numpy(), plain)


def test_only_what_is_asked_for_is_kept(engines: dict[str, Engine]) -> None:
    outputs = engines["body"].run(feeds_of("body", 1), keep=["features"])
    assert not isinstance(outputs["features"], np.ndarray)
    assert isinstance(outputs["joints"], np.ndarray)


def test_kept_outputs_feed_the_pose_graph(engines: dict[str, Engine]) -> None:
    body_feeds, hand_feeds = feeds_of("body", 2), feeds_of("hand", 2)
    poses = []
    for keep in ((), ("features", "joints")):
        body, hand = engines["body"].run(body_feeds, keep), engines["hand"].run(hand_feeds, keep)
        feeds = {
            "body_features": body["features"],
            "body_joints": body["joints"],
            "hand_features": hand["features"],
            "hand_joints": hand["joints"],
        }
        poses.append(engines["pose"].run(feeds))
    for name, array in poses[0].items():
        np.testing.assert_array_equal(poses[1][name], array)


def test_kept_output_of_the_wrong_shape_is_refused(engines: dict[str, Engine]) -> None:
    features = engines["body"].run(feeds_of("body", 1), keep=["features"])["features"]
    with pytest.raises(EngineError, match="takes body_joints as float32"):
        engines["pose"].run({**feeds_of("pose", 1), "body_joints": features})
