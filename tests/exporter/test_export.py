"""`wb-export` on the tiny network: what it writes, what it proves, and what it leaves alone.

Tracing takes seconds, so where only the folders matter the graphs are copied from the bundle that was traced for real.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import exporter.export
from engines.bundle import FILE_NAME, FORMAT, GRAPHS, Bundle, sha256
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import proof
from exporter.graphs import OPSET, graph_specs
from exporter.main import main as wb_export
from models.checkpoint import load_checkpoint
from models.networks.config import NetworkConfig
from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY, bundle_description, save_tiny_checkpoint

OneLine = Callable[[], str]
Contents = dict[str, bytes]


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


def run(checkpoint: Path, out: Path) -> int:
    return wb_export([str(checkpoint), "--out", str(out)])


def contents(folder: Path) -> Contents:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copied(bundle: Path, out: Path) -> Contents:
    """An older bundle at `out`, with a mark by which to know it."""
    shutil.copytree(bundle, out)
    (out / "mark").touch()
    return contents(out)


# What is written


def test_description_says_what_the_bundle_is(tiny_bundle: Path) -> None:
    description = bundle_description(tiny_bundle)
    assert description["format"] == FORMAT
    assert description["name"] == tiny_bundle.name
    assert description["precision"] == "fp32"
    assert description["opset"] == OPSET


def test_description_names_the_checkpoint_by_its_hash(tiny_bundle: Path) -> None:
    source = tiny_bundle.parent / "tiny.pth.tar"
    assert bundle_description(tiny_bundle)["checkpoint"] == {"file": source.name, "sha256": sha256(source)}


def test_description_holds_the_architecture(tiny_bundle: Path) -> None:
    architecture: Any = bundle_description(tiny_bundle)["architecture"]
    assert NetworkConfig.from_dict(architecture) == TINY


def test_description_says_smplx_where_the_checkpoint_names_no_shape_space(tiny_bundle: Path) -> None:
    assert bundle_description(tiny_bundle)["shape_space"] == "smplx"


@pytest.mark.usefixtures("traced")
def test_description_holds_the_checkpoints_shape_space(checkpoint: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.pth.tar"
    torch.save({**torch.load(checkpoint), "shape_space": "wb-track-open-1"}, own)
    assert run(own, tmp_path / "bundle") == 0
    assert bundle_description(tmp_path / "bundle")["shape_space"] == "wb-track-open-1"


def test_description_names_the_graphs_by_their_hashes(tiny_bundle: Path) -> None:
    files = {name: tiny_bundle / f"{name}.onnx" for name in GRAPHS}
    expected = {name: {"file": path.name, "sha256": sha256(path)} for name, path in files.items()}
    assert bundle_description(tiny_bundle)["graphs"] == expected


def test_description_holds_parity_figures_below_their_limits(tiny_bundle: Path, network: Hand4Whole) -> None:
    parity: Any = bundle_description(tiny_bundle)["parity"]
    assert parity["limit"] == proof.LIMITS
    errors: dict[str, dict[str, float]] = parity["largest_error"]
    assert {name: tuple(errors[name]) for name in errors} == {s.name: s.outputs for s in graph_specs(network)}
    for graph in errors.values():
        for output, error in graph.items():
            assert 0 <= error <= proof.LIMITS[output], output


@pytest.mark.usefixtures("traced")
def test_description_holds_the_depth_of_joints_where_the_checkpoint_has_one(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    assert bundle_description(tiny_bundle)["joint_depth"] is None
    own = tmp_path / "own.pth.tar"
    torch.save({**torch.load(checkpoint), "joint_depth_m": 2.0}, own)
    assert run(own, tmp_path / "bundle") == 0
    assert bundle_description(tmp_path / "bundle")["joint_depth"] == {"metres": 2.0, "bins": TINY.depth_bins}


def test_graphs_hold_no_paths_of_the_machine_that_made_them(tiny_bundle: Path) -> None:
    for path in tiny_bundle.glob("*.onnx"):
        content = path.read_bytes()
        assert b"site-packages" not in content
        assert b"hand4whole.py" not in content


def test_description_holds_licence_and_versions(tiny_bundle: Path) -> None:
    description = bundle_description(tiny_bundle)
    versions: Any = description["versions"]
    assert "Hand4Whole" in str(description["licence"])
    assert versions["torch"] == torch.__version__.partition("+")[0] or versions["torch"] == torch.__version__
    assert versions["onnx"] == onnx.__version__
    assert versions["wb-track"]


def test_bundle_holds_description_and_graphs_and_no_more(tiny_bundle: Path) -> None:
    assert set(contents(tiny_bundle)) == {FILE_NAME, *(f"{name}.onnx" for name in GRAPHS)}


@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_is_valid_onnx(tiny_bundle: Path, graph: str) -> None:
    model = onnx.load(str(tiny_bundle / f"{graph}.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert {(opset.domain, opset.version) for opset in model.opset_import if not opset.domain} == {("", OPSET)}


@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_has_standard_operators_only(tiny_bundle: Path, graph: str) -> None:
    model = onnx.load(str(tiny_bundle / f"{graph}.onnx"))
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_computes_what_pytorch_does(tiny_bundle: Path, network: Hand4Whole, graph: str, count: int) -> None:
    crops = torch.cat([proof.crops(network, seed) for seed in (1, 2)])[:count]
    feeds, expected = proof.reference(network, crops)
    (spec,) = (spec for spec in graph_specs(network) if spec.name == graph)
    with OnnxRuntimeEngine(tiny_bundle / f"{graph}.onnx") as engine:
        outputs = engine.run({name: tensor.numpy() for name, tensor in feeds[graph].items()})
    for name, tensor in zip(spec.outputs, expected[graph], strict=True):
        np.testing.assert_allclose(outputs[name], tensor.numpy(), rtol=0, atol=proof.LIMITS[name], err_msg=name)


# Where it is written


@pytest.mark.usefixtures("traced")
def test_exporting_again_replaces_the_bundle(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    copied(tiny_bundle, out)
    renamed = save_tiny_checkpoint(tmp_path / "renamed.pth.tar")
    assert run(renamed, out) == 0
    description: Any = bundle_description(out)
    assert description["checkpoint"]["file"] == "renamed.pth.tar"
    assert not (out / "mark").exists()
    assert Bundle.load(out).graphs.keys() == set(GRAPHS)
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "renamed.pth.tar"}


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("existing", [True, False])
def test_empty_and_missing_folders_are_filled(checkpoint: Path, tmp_path: Path, existing: bool) -> None:
    out = tmp_path / "deep" / "bundle"
    if existing:
        out.mkdir(parents=True)
    assert run(checkpoint, out) == 0
    assert Bundle.load(out).name == "bundle"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.usefixtures("traced")
def test_report_says_where_the_bundle_is(checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(checkpoint, tmp_path / "bundle")
    out, err = capfd.readouterr()
    assert f"wrote {tmp_path / 'bundle'}" in out
    assert [line.split()[0] for line in out.splitlines()[:4]] == list(GRAPHS)
    assert not err


def test_folder_that_is_something_else_is_left_as_it_is(checkpoint: Path, tmp_path: Path, one_line: OneLine) -> None:
    out = tmp_path / "photos"
    out.mkdir()
    (out / "holiday.jpg").write_bytes(b"sun")
    assert run(checkpoint, out) == 2
    assert f"{out} exists and is not a bundle; choose another --out" in one_line()
    assert contents(tmp_path) == {"photos/holiday.jpg": b"sun"}


def test_file_in_place_of_the_folder_is_left_as_it_is(checkpoint: Path, tmp_path: Path, one_line: OneLine) -> None:
    out = tmp_path / "notes.txt"
    out.write_bytes(b"mine")
    assert run(checkpoint, out) == 2
    assert "exists and is not a bundle" in one_line()
    assert contents(tmp_path) == {"notes.txt": b"mine"}


# What goes wrong on the way


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("output", ["features", "rot6d", "camera"])  # of the first graph, of the second, of the last
def test_failed_proof_leaves_nothing(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], output: str
) -> None:
    monkeypatch.setitem(proof.LIMITS, output, 0.0)
    assert run(checkpoint, tmp_path / "bundle") == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert f"differs from PyTorch: {output} by" in line
    assert "no bundle was written" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("traced")
def test_failed_proof_leaves_an_older_bundle_as_it_was(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copied(tiny_bundle, tmp_path / "bundle")
    monkeypatch.setitem(proof.LIMITS, "betas", 0.0)
    assert run(checkpoint, tmp_path / "bundle") == 1
    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.usefixtures("traced")
def test_graphs_of_other_weights_do_not_pass_the_proof(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = save_tiny_checkpoint(tmp_path / "other.pth.tar", seed=1)
    assert run(other, tmp_path / "bundle") == 1
    assert "graph body differs from PyTorch: features by" in capfd.readouterr().err
    assert not (tmp_path / "bundle").exists()


@pytest.mark.usefixtures("traced")
def test_outputs_that_are_not_numbers_do_not_pass_the_proof(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "_difference", lambda *_: float("nan"))
    assert run(checkpoint, tmp_path / "bundle") == 1
    assert not list(tmp_path.iterdir())


def test_error_while_tracing_leaves_an_older_bundle_as_it_was(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    def full_disk(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = copied(tiny_bundle, tmp_path / "bundle")
    monkeypatch.setattr(exporter.export, "export_graph", full_disk)
    assert run(checkpoint, tmp_path / "bundle") == 1
    assert "No space left on device" in one_line()
    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_interruption_leaves_an_older_bundle_as_it_was(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    before = copied(tiny_bundle, tmp_path / "bundle")
    monkeypatch.setattr(exporter.export, "export_graph", interrupted)
    assert run(checkpoint, tmp_path / "bundle") == 130
    assert "interrupted" in one_line()
    assert contents(tmp_path / "bundle") == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.usefixtures("traced")
def test_error_while_replacing_leaves_an_older_bundle_as_it_was(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old bundle is already out of the way when the new one cannot take its place."""
    out = tmp_path / "bundle"
    before = copied(tiny_bundle, out)
    real = Path.rename
    refused: list[Path] = []

    def rename(self: Path, target: Path) -> Path:
        if Path(target) == out and not refused:
            refused.append(self)
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert run(checkpoint, out) == 1
    assert refused
    assert contents(out) == before


# Bad arguments


def test_missing_checkpoint_is_named_with_where_to_get_it(tmp_path: Path, one_line: OneLine) -> None:
    missing = tmp_path / "snapshot_6.pth.tar"
    assert run(missing, tmp_path / "bundle") == 2
    line = one_line()
    assert f"no checkpoint at {missing}" in line
    assert "linked from the README of Hand4Whole's repository" in line
    assert not list(tmp_path.iterdir())


def test_checkpoint_of_another_network_is_refused(tmp_path: Path, one_line: OneLine) -> None:
    other = tmp_path / "resnet.pth"
    torch.save({"network": {"fc.weight": torch.zeros(1000, 512)}}, other)
    assert run(other, tmp_path / "bundle") == 2
    assert "does not fit Hand4Whole" in one_line()
    assert [path.name for path in tmp_path.iterdir()] == ["resnet.pth"]


def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path, one_line: OneLine) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("buy milk\n")
    assert run(other, tmp_path / "bundle") == 2
    assert str(other) in one_line()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("arguments", [["--nonsense"], ["a.pth", "b.pth"], ["a.pth", "--out"]])
def test_bad_arguments_are_one_line(arguments: list[str], one_line: OneLine) -> None:
    with pytest.raises(SystemExit) as end:
        wb_export(arguments)
    assert end.value.code == 2
    assert "wb-export --help lists the options" in one_line()
