"""Bad inputs of `wb-track`: one line, exit code 2, and nothing written."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import standins

Track = Callable[..., int]
OneLine = Callable[[], str]


class Harmful:
    """Pickles as a call of os.system."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


def _text(path: Path) -> None:
    path.write_text("this is no video, and nothing else either\n" * 100)


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"v_template": Harmful(path.parent / "harm")}))


def _meshes(path: Path) -> None:
    path.mkdir()
    (path / "000000.1.obj").touch()


def _no_weights(path: Path) -> None:
    arrays = standins.body_arrays()
    del arrays["weights"]
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _wrong_hash(path: Path, bundle: Path) -> None:
    shutil.copytree(bundle, path)
    graph = bytearray((path / "hand.onnx").read_bytes())
    graph[-1] ^= 1
    (path / "hand.onnx").write_bytes(bytes(graph))


@pytest.mark.parametrize(
    ("arguments", "make", "says"),
    [
        (("--video", "missing.mp4"), None, "no video, image or folder at missing.mp4"),
        (("--video", "text.mp4"), _text, "cannot be read as a video"),
        (("--video", "zero.mp4"), Path.touch, "is empty"),
        (("--video", "folder"), Path.mkdir, "holds no images"),
        (("--body", "missing.npz"), None, "no body file at missing.npz"),
        (("--body", "text.npz"), _text, "cannot be read as an SMPL-X"),
        (("--body", "harmful.pkl"), _pickle, "refused"),
        (("--body", "bare.npz"), _no_weights, "lacks weights"),
        (("--model", "missing"), None, "no model at missing"),
        (("--model", "folder"), Path.mkdir, "has no bundle.json"),
        (("--out", "missing/mesh.npz"), None, "no folder"),
        (("--out", "mesh.xyz"), None, "expected .npz"),
        (("--out", "full.obj"), _meshes, "full.obj holds meshes already"),
        (("--box", "900,900,10,10"), None, "lies outside the frames"),
        (("--engine", "cuda"), None, "--engine cpu"),
        (("--detector", "missing.onnx"), None, "no detector at missing.onnx"),
        (("--start", "99"), None, "no frame that can be decoded after 99 s"),
    ],
)
def test_bad_inputs_are_one_line_and_exit_code_2(
    track: Track,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    one_line: OneLine,
    arguments: tuple[str, str],
    make: Callable[[Path], None] | None,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if make:
        make(Path(arguments[1]))
    before = set(tmp_path.iterdir())
    assert track("--video", clip, "--out", "mesh.npz", *arguments) == 2
    assert says in one_line()
    assert set(tmp_path.iterdir()) == before  # nothing was written, and nothing in a pickle was run


@pytest.mark.parametrize("source", [("--camera", "77"), ("--camera", "77", "--no-window"), ("--video", "clip.mp4")])
def test_pyrender_that_is_not_installed_is_said_before_anything_is_opened(
    track: Track, one_line: OneLine, monkeypatch: pytest.MonkeyPatch, source: tuple[str, ...]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert track(*source, "--renderer", "pyrender") == 2
    assert 'pip install "wb-track[pyrender]"' in one_line()


def test_a_cut_off_clip_is_refused(track: Track, clip: Path, tmp_path: Path, one_line: OneLine) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-200])
    assert track("--video", cut, "--out", tmp_path / "mesh.npz") == 2
    assert "cut off" in one_line()


def test_a_bundle_whose_graph_was_changed_is_refused(
    track: Track, clip: Path, tmp_path: Path, tiny_bundle: Path, one_line: OneLine
) -> None:
    _wrong_hash(tmp_path / "changed", tiny_bundle)
    assert track("--video", clip, "--out", tmp_path / "mesh.npz", "--model", tmp_path / "changed") == 2
    assert "hand.onnx is not the graph" in one_line()


def test_an_output_that_cannot_be_opened_leaves_nothing_of_the_others(
    track: Track, clip: Path, tmp_path: Path, one_line: OneLine
) -> None:
    _meshes(tmp_path / "full.obj")
    outs = [word for name in ("mesh.npz", "over.mp4", "full.obj") for word in ("--out", tmp_path / name)]
    assert track("--video", clip, "--box", "20,10,100,100", *outs, "-q") == 2
    assert "holds meshes already" in one_line()
    assert [path.name for path in tmp_path.iterdir()] == ["full.obj"]
