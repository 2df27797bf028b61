"""The engine that is chosen where none is asked for: measured once, remembered, proven."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import engines.automatic
import engines.remembered
from app.main import main
from engines.automatic import candidates, fastest
from engines.bundle import PROVEN_PARTS, Bundle
from engines.choice import chosen_runtime
from engines.engine import EngineError
from engines.runtime import Runtime
from tests.engines.conftest import changed
from tests.standins import DATA

CPU, OPENVINO = "ONNX Runtime cpu fp32", "OpenVINO cpu fp32"


@dataclass
class Machine:
    """One with OpenVINO, on which engines take so long; those without a time do not run."""

    ms: dict[str, float]
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def measured(self, runtimes: Iterable[str]) -> Mapping[str, float]:
        self.asked.append(tuple(runtimes))
        return {name: self.ms[name] for name in runtimes if name in self.ms}

    def load(self, runtime: Runtime) -> AbstractContextManager[None]:
        if f"{runtime} {runtime.precision}" not in self.ms:
            raise EngineError("no such luck")
        return nullcontext()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    machine = Machine({CPU: 30.0, OPENVINO: 20.0})
    monkeypatch.setattr(engines.automatic, "openvino_is_installed", lambda: True)
    monkeypatch.setattr(engines.automatic, "measured_ms", machine.measured)
    monkeypatch.setattr(Runtime, "load", lambda runtime, _graph: machine.load(runtime))
    monkeypatch.setattr(engines.remembered, "cache_folder", lambda: tmp_path / "cache")
    return machine


def reduction(mm: float, **others: float) -> dict[str, Any]:
    return {"distance_mm": {part: {"mean": others.get(part, mm), "p99": 9.0} for part in PROVEN_PARTS}}


def remembered_files(folder: Path) -> list[Path]:
    return list((folder / "cache").iterdir())


def test_fastest_is_taken_said_once_and_remembered(
    bundle: Bundle, machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fastest(bundle).engine == "openvino"
    (said,) = caplog.messages
    assert said.startswith("OpenVINO cpu fp32 is used from now on: 20.0 ms a person here (ONNX Runtime cpu fp32 30.0)")
    assert fastest(bundle).engine == "openvino"
    assert machine.asked == [(CPU, OPENVINO)]
    assert caplog.messages == [said]
    assert len(remembered_files(tmp_path)) == 1


@pytest.mark.usefixtures("machine")
def test_verbosely_there_is_a_table(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fastest(bundle)
    rows = [message for message in caplog.messages if message.endswith("ms a person")]
    assert [row.split("  ")[0] for row in rows] == [OPENVINO, CPU]


def test_what_takes_no_file_is_not_chosen_where_one_is_to_run(
    bundle: Bundle, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtimes = [Runtime(engine, "fp32", bundle) for engine in ("cpu", "cuda", "tensorrt")]
    monkeypatch.setattr(engines.automatic, "candidates", lambda _: runtimes)
    machine.ms = {str(runtime) + " fp32": ms for runtime, ms in zip(runtimes, (30.0, 5.0, 3.0), strict=True)}
    assert fastest(bundle).engine == "tensorrt"
    assert fastest(bundle, files=True).engine == "cuda"


def test_one_candidate_is_not_measured(bundle: Bundle, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.automatic, "openvino_is_installed", lambda: False)
    assert fastest(bundle).engine == "cpu"
    assert machine.asked == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"key": 1, "chosen": "ONNX Runtime cpu fp32"}',
        '{"chosen": "abacus"}',
        "\x00\x01",
    ],
)
def test_damaged_memory_is_made_anew(bundle: Bundle, machine: Machine, tmp_path: Path, content: str) -> None:
    fastest(bundle)
    (path,) = remembered_files(tmp_path)
    whole = path.read_text()
    path.write_text(content)
    assert fastest(bundle).engine == "openvino"
    assert len(machine.asked) == 2
    assert path.read_text() == whole


@pytest.mark.parametrize("field", ["bundle", "machine", "versions"])
def test_memory_of_something_else_under_the_same_name_is_not_believed(
    bundle: Bundle, machine: Machine, tmp_path: Path, field: str
) -> None:
    fastest(bundle)
    (path,) = remembered_files(tmp_path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "key": {**content["key"], field: "other"}, "chosen": CPU}))
    assert fastest(bundle).engine == "openvino"
    assert len(machine.asked) == 2


def test_another_bundle_processor_or_library_is_measured_anew(
    bundle: Bundle, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fastest(bundle)
    fastest(changed(bundle, tmp_path / "other", name="other"))
    assert len(machine.asked) == 2
    monkeypatch.setattr(engines.automatic, "processor", lambda: "Abacus 3000")
    fastest(bundle)
    assert len(machine.asked) == 3
    monkeypatch.setattr(engines.remembered, "versions", lambda: {"onnxruntime": "99"})
    fastest(bundle)
    assert len(machine.asked) == 4
    assert len(remembered_files(tmp_path)) == 4


def test_where_nothing_can_be_written_it_is_measured_and_said_every_time(
    bundle: Bundle,
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(engines.remembered, "cache_folder", lambda: tmp_path / "file" / "cache")
    assert fastest(bundle).engine == fastest(bundle).engine == "openvino"
    assert len(machine.asked) == 2
    assert all(said.startswith(f"{OPENVINO} is used this time: 20.0 ms") for said in caplog.messages)


def test_a_remembered_engine_that_does_not_load_is_left_out_until_it_does(bundle: Bundle, machine: Machine) -> None:
    assert fastest(bundle).engine == "openvino"
    openvino_ms = machine.ms.pop(OPENVINO)
    assert fastest(bundle).engine == "cpu"
    assert len(machine.asked) == 2
    machine.ms[OPENVINO] = openvino_ms
    assert fastest(bundle).engine == "openvino"
    assert len(machine.asked) == 2


def test_while_an_engine_does_not_run_the_choice_is_said_and_made_each_time(
    bundle: Bundle, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """What it lacks may be installed meanwhile; nothing slower takes its place for good."""
    openvino_ms = machine.ms.pop(OPENVINO)
    assert fastest(bundle).engine == fastest(bundle).engine == "cpu"
    assert len(machine.asked) == len(caplog.messages) == 2
    assert all(said.startswith(f"{CPU} is used this time: 30.0 ms") for said in caplog.messages)
    machine.ms[OPENVINO] = openvino_ms
    assert fastest(bundle).engine == fastest(bundle).engine == "openvino"
    assert len(machine.asked) == 3


def test_an_engine_that_does_not_run_is_not_chosen(bundle: Bundle, machine: Machine, tmp_path: Path) -> None:
    del machine.ms[OPENVINO]
    assert fastest(bundle).engine == "cpu"
    del machine.ms[CPU]
    with pytest.raises(EngineError, match="no engine runs the model"):
        fastest(changed(bundle, tmp_path / "other", name="other"))


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("precision", "proof", "proven"),
    [
        ("fp32", None, True),
        ("int8", reduction(2.9), True),
        ("int8", reduction(1.0, left_hand=3.1), False),
        ("int8", reduction(float("nan")), False),
        ("int8", {"distance_mm": {"body": {"mean": 1.0}}}, False),
        ("int8", "fine", False),
        ("int8", None, False),
        ("fp16", reduction(0.4), True),
        ("fp16", reduction(0.6), False),
        ("int4", reduction(0.1), False),
    ],
)
def test_only_what_is_proven_counts(
    bundle: Bundle, tmp_path: Path, precision: str, proof: object, proven: bool
) -> None:
    other = changed(bundle, tmp_path / "other", precision=precision, reduction=proof)
    assert other.proven is proven
    if not proven:
        with pytest.raises(EngineError, match=f"is {precision} without proof .* --precision {precision}"):
            fastest(other)
    elif precision != "fp16":
        assert {runtime.precision for runtime in candidates(other)} == {precision}
        assert {runtime.engine for runtime in candidates(other)} == {"cpu", "openvino"}


def test_what_is_asked_for_is_not_measured(bundle: Bundle, machine: Machine) -> None:
    assert chosen_runtime("cpu", "auto", bundle).engine == "cpu"
    assert chosen_runtime("cpu", "fp32", bundle).engine == "cpu"
    assert chosen_runtime("auto", "bf16", bundle).engine == "openvino"
    assert machine.asked == []
    assert chosen_runtime("auto", "fp32", bundle).engine == "openvino"
    assert len(machine.asked) == 1
    assert chosen_runtime("auto", "auto", bundle).engine == "openvino"


def test_a_reduced_model_without_proof_is_one_line_and_runs_when_asked_for(
    bundle: Bundle, body_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = changed(bundle, tmp_path / "other", precision="int8", reduction=None)
    command = [
        *("--video", str(DATA / "frame.png"), "--model", str(other.folder)),
        *("--body", str(body_path), "--out", str(tmp_path / "mesh.npz")),
    ]
    assert main(command) == 2
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert "int8 without proof" in said[0]
    assert main([*command, "--precision", "int8", "-q"]) == 0
