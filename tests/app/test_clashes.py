"""What is written replaces nothing that is read, nor what else is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.main import main
from app.options import parse


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip, and it by other names; a body; a folder of images, and one of them by another name; all in the way."""
    monkeypatch.chdir(tmp_path)
    for name in ("own.mp4", "body.npz", "take.npz", "detector.onnx"):
        Path(name).write_text(f"the user's {name}")
    Path("soft.mp4").symlink_to("own.mp4")
    Path("hard.mp4").hardlink_to("own.mp4")
    Path("to-be.npz").symlink_to("new.npz")  # nothing is there yet
    images = Path("images.obj")
    images.mkdir()
    Path("here").symlink_to(images)
    (images / "1.png").write_text("an image")
    (images / "mesh.npz").write_text("of an earlier run")
    Path("picture.json").hardlink_to(images / "1.png")
    return tmp_path


_CLIP = ("--video", "own.mp4")
_CLASHES = [
    # The clip itself, whatever it is called.
    (("--video", "own.mp4", "--out", "own.mp4"), "--out own.mp4 would replace what --video own.mp4 reads"),
    (("--video", "own.mp4", "--out", "images.obj/../own.mp4"), "own.mp4 would replace what --video own.mp4 reads"),
    (("--video", "own.mp4", "--out", "soft.mp4"), "--out soft.mp4 would replace what --video own.mp4 reads"),
    (("--video", "soft.mp4", "--out", "hard.mp4"), "--out hard.mp4 would replace what --video soft.mp4 reads"),
    ((*_CLIP, "--out", "mesh.npz", "--stats", "own.mp4"), "--stats own.mp4 would replace what --video own.mp4 reads"),
    # What else is read.
    ((*_CLIP, "--body", "body.npz", "--out", "body.npz"), "--out body.npz would replace what --body body.npz reads"),
    (
        (*_CLIP, "--detector", "detector.onnx", "--out", "mesh.npz", "--stats", "detector.onnx"),
        "--stats detector.onnx would replace what --detector detector.onnx reads",
    ),
    (("--camera", "0", "--body", "body.npz", "--out", "body.npz"), "would replace what --body body.npz reads"),
    # A folder of images, and the images in it.
    (("--video", "images.obj", "--out", "images.obj"), "--out images.obj would replace what --video images.obj reads"),
    (("--video", "here", "--out", "images.obj/*.obj"), "--out images.obj would replace what --video here reads"),
    (("--video", "here", "--out", "mesh.npz", "--stats", "images.obj/1.png"), "would replace what --video here reads"),
    (("--video", "here", "--out", "mesh.npz", "--stats", "picture.json"), "would replace what --video here reads"),
    # Two of what is written.
    ((*_CLIP, "--out", "take.npz", "--out", "here/../take.npz"), "--out names the same file twice: take.npz, "),
    ((*_CLIP, "--out", "new.npz", "--out", "to-be.npz"), "--out names the same file twice: new.npz, to-be.npz"),
    ((*_CLIP, "--out", "new.obj", "--out", "new.obj/*.obj"), "--out names the same file twice: new.obj, new.obj"),
    ((*_CLIP, "--out", "new.npz", "--stats", "new.npz"), "--stats new.npz is the file that --out new.npz writes"),
    ((*_CLIP, "--out", "to-be.npz", "--stats", "new.npz"), "--stats new.npz is the file that --out to-be.npz writes"),
]


@pytest.mark.parametrize(("arguments", "said"), _CLASHES)
def test_a_file_that_is_named_twice_is_refused_before_anything_is_opened(
    folder: Path, arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        # Beside what is read, in place of an earlier run's, and into the folder of images.
        (*_CLIP, "--out", "own.npz", "--out", "over.mp4", "--out", "own.obj", "--stats", "own.json"),
        (*_CLIP, "--out", "take.npz"),
        ("--video", "images.obj", "--out", "images.obj/mesh.npz"),
        # What is not there is for whoever opens it to say.
        ("--video", "missing.mp4", "--out", "mesh.npz"),
        ("--video", "own.mp4/missing.mp4", "--out", "mesh.npz"),
    ],
)
def test_files_that_differ_are_not_refused(arguments: Sequence[str]) -> None:
    assert parse(arguments).out


def test_where_files_cannot_be_looked_at_one_line_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbidden(*_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied", str(folder / "secret"))

    monkeypatch.setattr(Path, "stat", forbidden)
    with pytest.raises(SystemExit) as end:
        parse([*_CLIP, "--out", "mesh.npz"])
    assert end.value.code == 2
    assert f"wb-track: {folder / 'secret'} cannot be looked at: Permission denied; " in capsys.readouterr().err
