"""How many people go through the networks at once, on which device and of which source."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import app.batching
import app.load
from app.batching import Batches, people_at_once
from app.load import loaded
from app.options import parse
from engines.runtime import Runtime
from tests.standins import DATA


def runtime(engine: str) -> Runtime:
    return Runtime(engine, "fp32", SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(("gigabytes", "people"), [(0.2, 1), (2, 8), (6, 16), (8, 32), (80, 32)])
def test_a_gpu_takes_as_many_as_fit(monkeypatch: pytest.MonkeyPatch, gigabytes: float, people: int) -> None:
    monkeypatch.setattr(app.batching, "CudaDriver", lambda: SimpleNamespace(memory_bytes=int(gigabytes * 2**30)))
    assert people_at_once(runtime("cuda")) == people


def test_tensorrt_takes_what_its_engines_are_built_for_and_cpus_one() -> None:
    assert people_at_once(runtime("tensorrt")) == 8
    assert [people_at_once(runtime(engine)) for engine in ("cpu", "openvino")] == [1, 1]


def test_only_files_whose_boxes_come_first_are_batched(
    tiny_bundle: Path, body_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.load, "people_at_once", lambda _runtime: 8)
    model = ["--model", str(tiny_bundle), "--body", str(body_path)]
    file = ["--video", str(DATA / "frame.png"), "--out", "mesh.npz", *model]
    for arguments, batch, said in (
        ([*file, "--box", "60,5,250,350"], True, False),
        (file, False, True),
        (["--camera", "http://127.0.0.1:9/s.mjpg", "--no-window", "--box", "60,5,250,350", *model], False, False),
    ):
        caplog.clear()
        with loaded(parse(arguments)) as parts:
            assert any(isinstance(stage, Batches) for stage in parts.tracker.stages) == batch
        assert ("one by one" in caplog.text) == said
