"""Which engine and precision a bundle runs in: what was asked for, or one sentence that says what to do."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import engines.choice
import engines.openvino_engine
from app.main import main
from engines.bundle import Bundle
from engines.choice import chosen_runtime
from engines.engine import EngineError
from engines.runtime import Runtime
from tests import standins

OneLine = Callable[[], str]

FRAME = standins.DATA / "frame.png"


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


def of_precision(bundle: Bundle, folder: Path, precision: str) -> Bundle:
    shutil.copytree(bundle.folder, folder)
    content = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**content, "precision": precision}))
    return Bundle.load(folder)


def test_a_broken_installation_is_one_line(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.openvino_engine, "openvino_is_installed", lambda: True)
    monkeypatch.setattr(engines.openvino_engine, "_core", engines.openvino_engine._core.__wrapped__)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EngineError, match=r"OpenVINO does not start: .*; install it again, or choose --engine cpu"):
        Runtime("openvino", "fp32", bundle).load("body")


@pytest.mark.parametrize(
    ("made", "engine", "precision", "expected"),
    [
        ("fp32", "cpu", "fp32", ("cpu", "fp32")),
        ("fp32", "openvino", "auto", ("openvino", "fp32")),
        ("fp32", "openvino", "bf16", ("openvino", "bf16")),
        ("fp32", "auto", "bf16", ("openvino", "bf16")),  # the one that has it
        ("fp32", "cuda", "auto", ("cuda", "fp32")),
        ("fp32", "tensorrt", "fp32", ("tensorrt", "fp32")),
        ("fp16", "cuda", "fp16", ("cuda", "fp16")),
        ("int8", "auto", "int8", ("cpu", "int8")),
        ("int8", "openvino", "int8", ("openvino", "int8")),
    ],
)
def test_what_is_asked_for_is_chosen(
    bundle: Bundle, tmp_path: Path, made: str, engine: str, precision: str, expected: tuple[str, str]
) -> None:
    runtime = chosen_runtime(engine, precision, of_precision(bundle, tmp_path / made, made))
    assert (runtime.engine, runtime.precision) == expected
    assert runtime.device == ("cuda" if expected[0] in ("cuda", "tensorrt") else "cpu")


@pytest.mark.parametrize("precision", ["auto", "fp32"])
def test_an_engine_that_is_not_named_is_the_fastest_also_where_the_precision_is(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    fast = Runtime("cuda", "fp32", bundle)
    monkeypatch.setattr(
        engines.choice,
        "fastest",
        lambda _bundle, *, trusted, files: fast if trusted == (precision == "fp32") and not files else None,
    )
    assert chosen_runtime("auto", precision, bundle) is fast


@pytest.mark.parametrize(
    ("made", "engine", "precision", "words"),
    [
        ("fp32", "auto", "int8", "int8 was asked for, but the model .* is fp32; .* wb-export CHECKPOINT --int8"),
        ("fp32", "cuda", "fp16", "fp16 was asked for, but the model .* is fp32; .* wb-export CHECKPOINT --fp16"),
        ("int8", "cpu", "fp32", "fp32 was asked for, but the model .* is int8; .* wb-export CHECKPOINT, or"),
        ("int8", "openvino", "bf16", "bf16 was asked for, but the model .* is int8"),
        ("fp32", "cpu", "bf16", "--engine cpu runs fp32, fp16, int8, not bf16; choose --engine openvino"),
        ("int8", "cuda", "auto", "--engine cuda runs fp32, fp16, not int8; choose --engine cpu or --engine openvino"),
        ("int8", "tensorrt", "int8", "--engine tensorrt runs fp32, fp16, not int8"),
        ("fp16", "openvino", "auto", "--engine openvino runs fp32, bf16, int8, not fp16; choose --engine cpu or"),
    ],
)
def test_what_is_not_there_is_refused(
    bundle: Bundle, tmp_path: Path, made: str, engine: str, precision: str, words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        chosen_runtime(engine, precision, of_precision(bundle, tmp_path / made, made))


def test_half_precision_on_a_cpu_says_it_gains_nothing(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert chosen_runtime("auto", "fp16", of_precision(bundle, tmp_path / "half", "fp16")).engine == "cpu"
    (said,) = caplog.messages
    assert "computes it in FP32" in said


def test_openvino_that_is_not_installed_is_one_line(
    tiny_bundle: Path, body_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    monkeypatch.setattr(engines.openvino_engine, "openvino_is_installed", lambda: False)
    command = ["--video", FRAME, "--model", tiny_bundle, "--body", body_path, "--out", tmp_path / "mesh.npz"]
    assert main([*map(str, command), "--engine", "openvino"]) == 2
    assert 'pip install "wb-track[openvino]"' in one_line()
    assert not list(tmp_path.glob("mesh*"))


@pytest.mark.skipif(importlib.util.find_spec("tensorrt") is not None, reason="TensorRT is installed")
def test_tensorrt_that_is_not_installed_is_one_line(
    tiny_bundle: Path, body_path: Path, tmp_path: Path, one_line: OneLine
) -> None:
    command = ["--video", FRAME, "--model", tiny_bundle, "--body", body_path, "--out", tmp_path / "mesh.npz"]
    assert main([*map(str, command), "--engine", "tensorrt"]) == 2
    assert 'pip install "wb-track[tensorrt]"' in one_line()


def test_precision_that_is_not_in_the_bundle_is_one_line(
    tiny_bundle: Path, body_path: Path, tmp_path: Path, one_line: OneLine
) -> None:
    command = ["--video", FRAME, "--model", tiny_bundle, "--body", body_path, "--out", tmp_path / "mesh.npz"]
    assert main([*map(str, command), "--precision", "int8"]) == 2
    assert "int8 was asked for, but the model bundle is fp32" in one_line()
