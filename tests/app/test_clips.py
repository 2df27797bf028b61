"""Many clips by one pattern: each to files of its own, and what would be lost is refused before anything is tracked."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock, patch

import numpy as np
import pytest

from app.clips import each_clip, is_pattern
from app.options import parse
from tests.app.clips import make_clip
from tests.app.takes import read

BOX = ("--box", "5,5,50,40")
Track = Callable[..., int]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of three, and what is none."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in (10, 2, 1):
        make_clip(folder / f"take{number}.mp4", [k / 30 for k in range(number + 1)])
    (folder / "notes.txt").write_text("none")
    return folder


def test_what_a_pattern_is(tmp_path: Path) -> None:
    assert is_pattern(tmp_path / "take*.mp4")
    assert is_pattern(tmp_path / "take?.mp4")
    assert not is_pattern(tmp_path / "take1.mp4")
    named_so = tmp_path / "take[1].mp4"
    assert is_pattern(named_so)
    named_so.touch()
    assert not is_pattern(named_so)


def test_clips_come_in_natural_order_with_files_of_their_own(clips: Path, tmp_path: Path) -> None:
    out, stats = tmp_path / "{clip}.npz", tmp_path / "{clip}.json"
    asked = parse(["--video", str(clips / "*.mp4"), "--out", str(out), "--stats", str(stats), "-q"])
    each = each_clip(asked)
    assert [one.video for one in each] == [clips / f"take{number}.mp4" for number in (1, 2, 10)]
    assert [one.out for one in each] == [(tmp_path / f"take{number}.npz",) for number in (1, 2, 10)]
    assert [one.stats for one in each] == [tmp_path / f"take{number}.json" for number in (1, 2, 10)]
    assert all(one.quiet for one in each)


def test_one_clip_gives_its_name_too(track: Track, clips: Path, tmp_path: Path) -> None:
    assert track("--video", clips / "take2.mp4", "--out", tmp_path / "{clip}.npz", *BOX) == 0
    assert [path.name for path in tmp_path.glob("*.npz")] == ["take2.npz"]
    assert track("--video", clips / "take1.*", "--out", tmp_path / "mesh.npz", *BOX) == 0
    assert len(read(tmp_path / "mesh.npz")["time"]) == 2


def test_a_thousand_clips_are_looked_through_at_once(tmp_path: Path) -> None:
    """Each file once, not each against each."""
    for number in range(1000):
        (tmp_path / f"{number}.mp4").touch()
    asked = parse(["--video", str(tmp_path / "*.mp4"), "--out", str(tmp_path / "{clip}.npz")])
    with patch.object(Path, "stat", autospec=True, side_effect=Path.stat) as looked:
        assert len(each_clip(asked)) == 1000
    assert looked.call_count < 20_000


def test_folders_of_images_are_clips_too(tmp_path: Path) -> None:
    for name in ("shot.1", "shot.2"):
        (tmp_path / name).mkdir()
    each = each_clip(parse(["--video", str(tmp_path / "shot.*"), "--out", str(tmp_path / "{clip}.npz")]))
    assert [one.out[0].name for one in each] == ["shot.1.npz", "shot.2.npz"]


def test_every_clip_is_tracked(track: Track, clips: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out, stats = tmp_path / "{clip}.npz", tmp_path / "{clip}.json"
    assert track("--video", clips / "*.mp4", "--out", out, "--stats", stats, *BOX) == 0
    for number in (1, 2, 10):
        assert np.array_equal(read(tmp_path / f"take{number}.npz")["frame_index"], np.arange(number + 1))
        assert json.loads((tmp_path / f"take{number}.json").read_text())["source"] == f"take{number}.mp4"
    said = capfd.readouterr().err.splitlines()
    assert "wb-track: take2.mp4, clip 2 of 3" in said
    assert said[-1] == "wb-track: tracked 3 clips"


def test_a_clip_that_fails_does_not_keep_the_others_from_being_tracked(
    track: Track, clips: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (clips / "take2.mp4").write_bytes(b"no clip")
    assert track("--video", clips / "*.mp4", "--out", tmp_path / "{clip}.npz", *BOX) == 1
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["take1.npz", "take10.npz"]
    said = capfd.readouterr().err
    assert "take2.mp4 cannot be read as a video" in said
    assert said.splitlines()[-1].startswith("wb-track: 2 of 3 clips were tracked")


def test_of_several_people_no_file_is_taken_for_another_clip_s(
    track: Track, clips: Path, tmp_path: Path, one_line: Callable[[], str]
) -> None:
    (clips / "take2.mp4").rename(clips / "take1.1.mp4")
    asked = ("--video", clips / "take1*.mp4", "--out", tmp_path / "{clip}.npz")
    assert track(*asked, "--people", "2") == 2
    assert "take1.1.npz may be one clip's, or of one person in" in one_line()
    assert track(*asked, "--detector", clips / "any.onnx") == 2  # one person after another has a number too
    assert "take1.1.npz may be one clip's, or of one person in" in one_line()
    assert track(*asked, *BOX, "-q") == 0
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["take1.1.npz", "take1.npz", "take10.npz"]


def test_ctrl_c_ends_all_though_something_else_is_wrong(
    track: Track, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.main.Interrupts", Mock(return_value=nullcontext(SimpleNamespace(exit_code=130))))
    stats = tmp_path / "take1.json"
    stats.symlink_to(tmp_path / "missing" / "take1.json")
    out = ("--out", tmp_path / "{clip}.npz", "--stats", tmp_path / "{clip}.json")
    assert track("--video", clips / "*.mp4", *out, *BOX) == 130
    assert [path.name for path in tmp_path.glob("*.npz")] == ["take1.npz"]
    last = capfd.readouterr().err.splitlines()[-1]
    assert "take1.json could not be written" in last
    assert "take1.npz" in last


def test_ctrl_c_ends_all(track: Track, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracked = Mock(side_effect=[0, 130])
    monkeypatch.setattr("app.main._track_video", tracked)
    assert track("--video", clips / "*.mp4", "--out", tmp_path / "{clip}.npz", *BOX) == 130
    assert tracked.call_count == 2


@pytest.mark.parametrize(
    ("pattern", "out", "says"),
    [
        ("*.mov", "{clip}.npz", "no clip matches"),
        ("**x.mp4", "{clip}.npz", "is no pattern"),
        ("*.mp4", "mesh.npz", "names the same file twice"),
        ("*.mp4", "clips/{clip}.mp4", "would replace what --video"),
        ("take1.mp4", "clips/{clip}.mp4", "would replace what --video"),
        ("*.mp4", None, "matches 3 clips, a window plays one"),
        ("*.mp4", "{clip}/mesh.npz", "there is no folder"),
        ("*", "{clip}.npz", "clips of one name have one file for {clip}; track them one by one"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_tracked(
    track: Track,
    clips: Path,
    tmp_path: Path,
    one_line: Callable[[], str],
    pattern: str,
    out: str | None,
    says: str,
) -> None:
    (clips / "take2.webm").touch()
    written = () if out is None else ("--out", tmp_path / out)
    before = {path: path.read_bytes() for path in clips.iterdir()}
    assert track("--video", clips / pattern, *written) == 2
    assert says in one_line()
    assert {path: path.read_bytes() for path in clips.iterdir()} == before
    assert list(tmp_path.iterdir()) == [clips]
