"""What `wb-export` is given: bad inputs are one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from exporter.main import main as wb_export
from tests.conftest import save_tiny_checkpoint
from tests.exporter.exports import OneLine, run


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
    line = one_line()
    assert str(other) in line
    assert "cannot be read as a PyTorch checkpoint" in line
    assert "name the released snapshot_6.pth.tar or a checkpoint of training" in line
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("names", [[], ["one.png", "two.png"]])
def test_folder_that_is_no_bundle_is_refused(tmp_path: Path, names: list[str], one_line: OneLine) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    assert run(folder, tmp_path / "bundle") == 2
    line = one_line()
    assert f"{folder} is a folder, expected a checkpoint file" in line
    assert "linked from the README of Hand4Whole's repository" in line
    assert wb_export([str(folder), "--tensorrt"]) == 2
    assert f"{folder} is not a model: it has no bundle.json" in one_line()
    assert not (tmp_path / "bundle").exists()


def test_bundle_in_place_of_a_checkpoint_is_refused(tiny_bundle: Path, tmp_path: Path, one_line: OneLine) -> None:
    assert run(tiny_bundle, tmp_path / "bundle") == 2
    assert f"{tiny_bundle} is a bundle already, expected a checkpoint file; add --tensorrt" in one_line()


@pytest.mark.parametrize("arguments", [["--nonsense"], ["a.pth", "b.pth"], ["a.pth", "--out"]])
def test_bad_arguments_are_one_line(arguments: list[str], one_line: OneLine) -> None:
    with pytest.raises(SystemExit) as end:
        wb_export(arguments)
    assert end.value.code == 2
    assert "wb-export --help lists the options" in one_line()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--int8", "--fp16"], "not allowed with"),
        (["--calibrate", "clip.mp4"], "--calibrate is for --int8 and --fp16"),
        (["--int8", "--tensorrt"], "--int8 is for CPUs, and --tensorrt for GPUs"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(arguments: list[str], words: str, one_line: OneLine) -> None:
    with pytest.raises(SystemExit) as end:
        wb_export(["a.pth", *arguments])
    assert end.value.code == 2
    assert words in one_line()


def test_missing_clip_is_one_line_before_anything_is_exported(tmp_path: Path, one_line: OneLine) -> None:
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.pth.tar")
    clip = tmp_path / "none.mp4"
    assert wb_export([str(checkpoint), "--int8", "--calibrate", str(clip), "--out", str(tmp_path / "bundle")]) == 2
    assert f"no clip at {clip} to calibrate on" in one_line()
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.pth.tar"]


def test_text_as_clip_is_one_line_before_anything_is_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, clip = save_tiny_checkpoint(tmp_path / "tiny.pth.tar"), tmp_path / "notes.txt"
    clip.write_text("buy milk\n" * 2000)
    assert wb_export([str(checkpoint), "--fp16", "--calibrate", str(clip), "--out", str(tmp_path / "bundle")]) == 2
    said = capsys.readouterr()
    assert said.out == ""  # no graph was exported
    assert said.err == f"wb-export: {clip} is a text, not a video to calibrate on\n"


@pytest.mark.parametrize("options", [["--fp16"], ["--out", "elsewhere"], ["--flip-test"]])
def test_what_a_bundles_engines_cannot_be_is_refused(tiny_bundle: Path, options: list[str], one_line: OneLine) -> None:
    with pytest.raises(SystemExit) as end:
        wb_export([str(tiny_bundle), "--tensorrt", *options])
    assert end.value.code == 2
    assert "is a bundle: engines are built into it, in its own precision" in one_line()
