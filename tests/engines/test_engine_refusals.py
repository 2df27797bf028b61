"""What every engine refuses, and that it works on or is closed afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engines.engine import Engine, EngineError
from tests.engines.contract import Feeds, Load, feeds_of


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
