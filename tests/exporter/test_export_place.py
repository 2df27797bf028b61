"""Where `wb-export` writes, and what it leaves alone when something goes wrong on the way.

Tracing takes seconds, so where only the folders matter the graphs are copied from the bundle that was traced for real.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import exporter.export
from engines.bundle import GRAPHS, Bundle
from exporter import proof
from tests.conftest import bundle_description, save_tiny_checkpoint
from tests.exporter.exports import Contents, OneLine, contents, copied, run

Move = Callable[[Path, Path], Path]

# Where it is written


@pytest.mark.usefixtures("traced")
def test_exporting_again_replaces_the_bundle(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    copied(tiny_bundle, out)
    renamed = save_tiny_checkpoint(tmp_path / "renamed.pth.tar")
    assert run(renamed, out) == 0
    description: Any = bundle_description(out)
    assert description["checkpoint"]["file"] == "renamed.pth.tar"
    assert not (out / "tensorrt").exists()  # engines of the graphs that were replaced
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
@pytest.mark.parametrize("name", [".", "../link"])
def test_folder_may_be_named_by_a_dot_or_a_link(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out, link = tmp_path / "bundle", tmp_path / "link"
    out.mkdir()
    link.symlink_to(out)
    monkeypatch.chdir(out)
    assert run(checkpoint, Path(name)) == 0
    assert Bundle.load(out).name == "bundle"
    assert link.is_symlink()


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


def test_mount_point_is_refused_before_anything_is_exported(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: path == tmp_path)
    assert run(checkpoint, tmp_path) == 2
    assert f"{tmp_path} is a mount point" in one_line()


@pytest.mark.parametrize("description", ['{"name": "a page"}', '{"format": 1, "graphs": ["bar"]}', "[]", "{", "\xff"])
def test_folder_with_a_bundle_json_of_another_program_is_left_as_it_is(
    checkpoint: Path, tmp_path: Path, one_line: OneLine, description: str
) -> None:
    out = tmp_path / "page"
    (out / "src").mkdir(parents=True)
    (out / "src" / "app.js").write_bytes(b"my work")
    (out / "bundle.json").write_text(description, encoding="latin-1")
    before = contents(tmp_path)
    assert run(checkpoint, out) == 2
    assert f"{out} exists and is not a bundle; choose another --out" in one_line()
    assert contents(tmp_path) == before


def test_bundle_with_a_file_that_is_no_bundles_is_left_as_it_is(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path, one_line: OneLine
) -> None:
    out = tmp_path / "bundle"
    before = {**copied(tiny_bundle, out), "notes.txt": b"mine"}
    (out / "notes.txt").write_bytes(b"mine")
    assert run(checkpoint, out) == 2
    assert f"{out} holds notes.txt, which no bundle does; move it, or choose another --out" in one_line()
    assert contents(out) == before


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


def test_interruption_while_pytorch_is_imported_is_one_line(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "exporter.export":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "exporter.export")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert run(checkpoint, tmp_path / "bundle") == 130
    assert f"interrupted; {tmp_path / 'bundle'} is as it was" in one_line()


@pytest.fixture
def older(traced: None, tiny_bundle: Path, tmp_path: Path) -> tuple[Path, Contents]:  # noqa: ARG001 - for its effect
    """A bundle to replace, and what is in it."""
    out = tmp_path / "bundle"
    return out, copied(tiny_bundle, out)


def move_by(monkeypatch: pytest.MonkeyPatch, move: Callable[[Move, Path, Path], Path]) -> None:
    """Have folders moved by something that is given the real way to do it."""
    real = Path.rename
    monkeypatch.setattr(Path, "rename", lambda self, target: move(real, self, target))


def test_error_while_replacing_leaves_an_older_bundle_as_it_was(
    checkpoint: Path, older: tuple[Path, Contents], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old bundle is already out of the way when the new one cannot take its place."""
    out, before = older
    refused: list[Path] = []

    def move(real: Move, folder: Path, target: Path) -> Path:
        if Path(target) == out and not refused:
            refused.append(folder)
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        return real(folder, target)

    move_by(monkeypatch, move)
    assert run(checkpoint, out) == 1
    assert refused
    assert contents(out) == before


def test_interruption_while_replacing_leaves_an_older_bundle_as_it_was(
    checkpoint: Path, older: tuple[Path, Contents], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old bundle is out of the way, and the program has not yet heard of it."""
    out, before = older
    interrupted: list[Path] = []

    def move(real: Move, folder: Path, target: Path) -> Path:
        moved = real(folder, target)
        if folder == out:
            interrupted.append(target)
            raise KeyboardInterrupt
        return moved

    move_by(monkeypatch, move)
    assert run(checkpoint, out) == 130
    assert interrupted
    assert contents(out) == before


def test_second_interruption_deletes_nothing(
    checkpoint: Path, older: tuple[Path, Contents], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, before = older

    def move(real: Move, folder: Path, target: Path) -> Path:
        if folder != out:
            raise KeyboardInterrupt
        return real(folder, target)

    move_by(monkeypatch, move)
    assert run(checkpoint, out) == 130
    (old,) = out.parent.glob(".bundle-*/old")
    assert contents(old) == before
