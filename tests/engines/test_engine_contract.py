"""What every engine does alike, on the graphs of the tiny network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import GRAPHS
from engines.engine import Engine, EngineError, TensorSpec
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.openvino_engine import OpenVinoEngine, openvino_is_installed
from tests.conftest import TINY

Feeds = dict[str, Any]
Load = Callable[[Path], Engine]

# Every engine that this machine can run, by name. A new engine is added here and keeps the same contract.
ENGINES: dict[str, Load] = {"onnxruntime-cpu": lambda path: OnnxRuntimeEngine(path, "cpu", threads=2)}
if openvino_is_installed():
    ENGINES["openvino-cpu"] = lambda path: OpenVinoEngine(path, "fp32", threads=2)

HEIGHT, WIDTH = TINY.crop_hw
FEATURES, HAND_FEATURES = TINY.body_backbone.channels, TINY.hand_backbone.channels
CELLS = TINY.body_cells_hw

Table = dict[str, tuple[type[np.generic], tuple[int | None, ...]]]

INPUTS: dict[str, Table] = {
    "body": {"crop": (np.uint8, (None, HEIGHT, WIDTH, 3))},
    "hand": {"crop": (np.uint8, (None, HEIGHT, WIDTH, 3)), "boxes": (np.float32, (None, 2, 4))},
    "face": {"crop": (np.uint8, (None, HEIGHT, WIDTH, 3)), "box": (np.float32, (None, 4))},
    "pose": {
        "body_features": (np.float32, (None, FEATURES, *CELLS)),
        "body_joints": (np.float32, (None, 25, 3)),
        "hand_features": (np.float32, (None, 2, HAND_FEATURES, TINY.hand_cells, TINY.hand_cells)),
        "hand_joints": (np.float32, (None, 2, 20, 3)),
    },
}
OUTPUTS: dict[str, Table] = {
    "body": {
        "features": (np.float32, (None, FEATURES, *CELLS)),
        "joints": (np.float32, (None, 25, 3)),
        "boxes": (np.float32, (None, 3, 4)),
    },
    "hand": {
        "features": (np.float32, (None, 2, HAND_FEATURES, TINY.hand_cells, TINY.hand_cells)),
        "joints": (np.float32, (None, 2, 20, 3)),
        "rot6d": (np.float32, (None, 2, 15, 6)),
    },
    "face": {"expression": (np.float32, (None, 10)), "jaw_rot6d": (np.float32, (None, 6))},
    "pose": {
        "root_rot6d": (np.float32, (None, 6)),
        "body_rot6d": (np.float32, (None, 21, 6)),
        "betas": (np.float32, (None, 10)),
        "camera": (np.float32, (None, 3)),
    },
}


@pytest.fixture(scope="module", params=list(ENGINES))
def load(request: pytest.FixtureRequest) -> Load:
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def engines(load: Load, tiny_bundle: Path) -> Iterator[dict[str, Engine]]:
    """The four graphs, loaded."""
    loaded = {name: load(tiny_bundle / f"{name}.onnx") for name in GRAPHS}
    yield loaded
    for engine in loaded.values():
        engine.close()


def feeds_of(graph: str, count: int) -> Feeds:
    """Inputs that a graph accepts, a batch of `count`."""
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 60, (count, 2, 2))
    boxes = np.concatenate((corner, corner + rng.uniform(10, 40, (count, 2, 2))), 2).astype(np.float32)
    special = {"boxes": boxes, "box": boxes[:, 0]}
    feeds: Feeds = {}
    for name, (dtype, shape) in INPUTS[graph].items():
        sizes = (count, *(n for n in shape if n is not None))
        plain = rng.integers(0, 256, sizes) if dtype is np.uint8 else rng.standard_normal(sizes)
        feeds[name] = special.get(name, plain).astype(dtype)
    return feeds


def specs(table: Table) -> dict[str, TensorSpec]:
    return {name: TensorSpec(np.dtype(dtype), shape) for name, (dtype, shape) in table.items()}


def assert_near(found: NDArray[Any], expected: NDArray[Any]) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


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


# Refusals


def without(feeds: Feeds, name: str) -> Feeds:
    return {other: array for other, array in feeds.items() if other != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: {}, "hand takes inputs crop, boxes, but was given none"),
        (lambda feeds: without(feeds, "boxes"), "takes inputs crop, boxes, but was given crop"),
        (lambda feeds: {**feeds, "box": feeds["boxes"]}, "takes inputs crop, boxes, but was given crop, boxes, box"),
        (lambda feeds: {"image": feeds["crop"], "boxes": feeds["boxes"]}, "but was given image, boxes"),
        (lambda feeds: {**feeds, "crop": feeds["crop"].astype(np.float32)}, "takes crop as uint8 .*given float32"),
        (lambda feeds: {**feeds, "boxes": feeds["boxes"].astype(float)}, "takes boxes as float32 .*given float64"),
        (lambda feeds: {**feeds, "crop": feeds["crop"][0]}, r"takes crop as uint8 \(any, 128, 96, 3\)"),
        (lambda feeds: {**feeds, "crop": feeds["crop"][:, 1:]}, r"given uint8 \(2, 127, 96, 3\)"),
        (lambda feeds: {**feeds, "boxes": feeds["boxes"][:, :1]}, r"float32 \(any, 2, 4\).*given float32 \(2, 1, 4\)"),
    ],
)
def test_wrong_input_is_refused(engines: dict[str, Engine], change: Callable[[Feeds], Feeds], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        engines["hand"].run(change(feeds_of("hand", 2)))


def test_batches_that_disagree_are_an_engine_error(engines: dict[str, Engine]) -> None:
    with pytest.raises(EngineError, match="hand"):
        engines["hand"].run({"crop": feeds_of("hand", 2)["crop"], "boxes": feeds_of("hand", 3)["boxes"]})


def test_engine_works_on_after_a_refusal(engines: dict[str, Engine]) -> None:
    with pytest.raises(EngineError):
        engines["face"].run({})
    assert len(engines["face"].run(feeds_of("face", 1))["expression"]) == 1


def test_run_after_close_is_refused(load: Load, tiny_bundle: Path) -> None:
    engine = load(tiny_bundle / "face.onnx")
    engine.close()
    with pytest.raises(EngineError, match="face was run after it was closed"):
        engine.run(feeds_of("face", 1))


def test_closing_twice_is_fine(load: Load, tiny_bundle: Path) -> None:
    engine = load(tiny_bundle / "face.onnx")
    engine.close()
    engine.close()
    with pytest.raises(EngineError):
        engine.run(feeds_of("face", 1))


def test_context_manager_gives_the_engine_and_closes_it(load: Load, tiny_bundle: Path) -> None:
    with load(tiny_bundle / "face.onnx") as engine:
        assert len(engine.run(feeds_of("face", 1))["expression"]) == 1
    with pytest.raises(EngineError, match="closed"):
        engine.run(feeds_of("face", 1))


def test_context_manager_lets_errors_through_and_closes(load: Load, tiny_bundle: Path) -> None:
    engine = load(tiny_bundle / "face.onnx")
    with pytest.raises(KeyError), engine:
        raise KeyError
    with pytest.raises(EngineError, match="closed"):
        engine.run(feeds_of("face", 1))


@pytest.mark.parametrize("content", [b"", b"not a graph\n", bytes(range(256)) * 8])
def test_file_that_is_no_graph_is_refused(load: Load, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "garbage.onnx"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"garbage\.onnx") as refused:
        load(path)
    assert "\n" not in str(refused.value)


def test_missing_graph_is_refused(load: Load, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"nowhere\.onnx"):
        load(tmp_path / "nowhere.onnx")


# Devices of ONNX Runtime


def test_cuda_that_cannot_start_says_how_to_run_without(tiny_bundle: Path) -> None:
    try:
        OnnxRuntimeEngine(tiny_bundle / "face.onnx", "cuda").close()
    except EngineError as error:
        message = str(error)
    else:
        pytest.skip("CUDA works here")
    assert "--engine cpu" in message


def test_unknown_device_is_refused_naming_the_known(tiny_bundle: Path) -> None:
    with pytest.raises(EngineError, match="no device 'tpu' here; choose one of cpu, cuda"):
        OnnxRuntimeEngine(tiny_bundle / "face.onnx", "tpu")
