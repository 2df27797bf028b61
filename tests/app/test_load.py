"""What is loaded when nothing is named, and what a body means for the model that is run on it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import app.load
from app.load import loaded
from app.main import main as wb_track
from app.options import parse
from models.body_file import OPEN_BODY
from models.rotations import axis_angle_to_matrix
from models.smplx_body import SmplxBody
from tests import standins
from tests.app.takes import read

Track = Callable[..., int]
OneLine = Callable[[], str]
Lines = Callable[[], list[str]]

ROOT = Path(__file__).parents[2]
FRAME = standins.DATA / "frame.png"
BOX = "60,5,250,350"
SMPLX_LICENCE = "the licence of the SMPL-X model, https://smpl-x.is.tue.mpg.de/modellicense.html"


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Lines:
    """What a program said since the last look, on either stream."""
    return lambda: "".join(capfd.readouterr()).splitlines()


@pytest.fixture
def bodies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of bodies, and nothing else of theirs."""
    folder = tmp_path / "data" / "bodies"
    folder.mkdir(parents=True)
    monkeypatch.setattr(app.load, "user_data_folder", lambda: folder.parent)
    return folder


@pytest.fixture
def shipped(open_body_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in is the body that is shipped."""
    monkeypatch.setattr(app.load, "OPEN_BODY", open_body_path)


@pytest.fixture
def track_without_body(tiny_bundle: Path) -> Track:
    def run(*arguments: object) -> int:
        command = ["--video", FRAME, "--box", BOX, "--model", tiny_bundle, *arguments]
        return wb_track([str(word) for word in command])

    return run


def body_in_use(model: Path, *arguments: object) -> str:
    command = ["--video", FRAME, "--box", BOX, "--out", "mesh.npz", "--model", model, *arguments]
    with loaded(parse([str(word) for word in command])) as parts:
        return parts.body.name


# Which body


@pytest.mark.usefixtures("shipped")
def test_the_body_named_comes_before_the_users_and_that_before_the_shipped_one(
    bodies: Path, tiny_bundle: Path, body_path: Path
) -> None:
    assert body_in_use(tiny_bundle) == standins.OPEN_SHAPE_SPACE
    (bodies / "SMPLX_MINE.npz").symlink_to(body_path)
    assert body_in_use(tiny_bundle) == "SMPLX_MINE"
    assert body_in_use(tiny_bundle, "--body", body_path) == "SMPLX_STANDIN"


@pytest.mark.usefixtures("shipped", "bodies")
def test_without_a_body_the_shipped_one_is_named_with_its_licence(
    track_without_body: Track, tmp_path: Path, lines: Lines
) -> None:
    out = tmp_path / "mesh.npz"
    assert track_without_body("--out", out) == 0
    assert "wb-track: body wb-track-open-1, licence: CC0 1.0, made up for tests" in lines()
    file = read(out)
    assert str(file["body"]) == standins.OPEN_SHAPE_SPACE
    assert str(file["licence"]).endswith("; body: CC0 1.0, made up for tests")
    assert file["vertices"].shape == (1, 700, 3)


@pytest.mark.usefixtures("bodies")
def test_an_installation_without_its_body_says_what_to_do(
    track_without_body: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    gone = tmp_path / "open" / "body.npz"
    monkeypatch.setattr(app.load, "OPEN_BODY", gone)
    assert track_without_body("--out", tmp_path / "mesh.npz") == 2
    line = one_line()
    assert f"missing from {gone}" in line
    assert "reinstall wb-track, or name a body with --body FILE" in line


@pytest.mark.usefixtures("shipped")
def test_a_model_of_the_open_space_takes_the_shipped_body_before_the_users_smplx(
    bodies: Path, tiny_bundle: Path, body_path: Path, tmp_path: Path
) -> None:
    (bodies / "SMPLX_MINE.npz").symlink_to(body_path)
    assert body_in_use(of_the_open_space(tiny_bundle, tmp_path / "open")) == standins.OPEN_SHAPE_SPACE


# Which model


@pytest.mark.usefixtures("shipped")
def test_without_a_model_the_shipped_one_is_used_and_says_so_unless_the_user_has_one(
    bodies: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.load, "user_bundle_folder", lambda name: bodies.parent / "models" / name)
    monkeypatch.setattr(app.load, "OPEN_BUNDLE", of_the_open_space(tiny_bundle, tmp_path / "shipped"))
    nothing_named = parse(["--video", str(FRAME), "--out", "mesh.npz"])
    with loaded(nothing_named) as parts:
        assert parts.bundle.folder == app.load.OPEN_BUNDLE
    (said,) = caplog.messages
    assert "trained on synthetic people only" in said
    assert "wb-export CHECKPOINT" in said
    of_the_open_space(tiny_bundle, bodies.parent / "models" / "mine")
    with loaded(nothing_named) as parts:
        assert parts.bundle.folder.name == "mine"


def test_without_any_model_the_line_says_how_to_get_one(
    bodies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: OneLine
) -> None:
    monkeypatch.setattr(app.load, "user_bundle_folder", lambda name: bodies.parent / "models" / name)
    monkeypatch.setattr(app.load, "OPEN_BUNDLE", tmp_path / "none")
    assert wb_track(["--video", str(FRAME), "--out", str(tmp_path / "mesh.npz")]) == 2
    assert "make one with wb-export CHECKPOINT, or name one with --model DIR" in one_line()


def of_the_open_space(bundle: Path, folder: Path) -> Path:
    """A copy of a bundle whose shapes are those of the open body."""
    shutil.copytree(bundle, folder)
    description = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**description, "shape_space": standins.OPEN_SHAPE_SPACE}))
    return folder


# What the body means


def test_on_a_body_of_its_own_space_the_shape_is_estimated(track: Track, tmp_path: Path, lines: Lines) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"
    assert track("--video", FRAME, "--box", BOX, "--out", out, "--stats", stats) == 0
    said = lines()
    assert f"wb-track: body SMPLX_STANDIN, licence: {SMPLX_LICENCE}" in said
    assert not any("mean shape" in line for line in said)
    file = read(out)
    assert str(file["shape"]) == json.loads(stats.read_text())["shape"] == "estimated"
    assert str(file["licence"]).endswith(f"; body: {SMPLX_LICENCE}")
    assert np.abs(file["betas"]).max() > 0
    assert np.abs(file["expression"]).max() > 0


def test_on_a_body_of_another_space_its_mean_shape_is_used(
    tiny_bundle: Path, tmp_path: Path, open_body_path: Path
) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"
    said = in_a_process("--model", tiny_bundle, "--body", open_body_path, "--out", out, "--stats", stats)
    (warning,) = (line for line in said if "mean shape" in line)
    assert "for bodies of smplx, the body is of wb-track-open-1" in warning
    assert "name a registered SMPL-X file with --body" in warning
    file = read(out)
    assert str(file["shape"]).startswith("mean: the model's shape and expression are for bodies of smplx")
    assert json.loads(stats.read_text())["shape"] == str(file["shape"])
    for name in ("betas", "betas_per_frame", "expression"):
        assert not file[name].any(), name
    assert np.abs(file["pose_jaw"]).max() > 0
    rotations = axis_angle_to_matrix(file["poses"][0].astype(np.float64).reshape(55, 3))
    mesh = SmplxBody.load(open_body_path).forward(rotations, file["betas"], file["expression"][0], file["trans"][0])
    np.testing.assert_allclose(mesh.vertices_m, file["vertices"][0], rtol=0, atol=1e-4)


def test_a_height_that_is_given_is_said_of_the_shape(
    track: Track, tmp_path: Path, tiny_bundle: Path, open_body_path: Path
) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"
    assert track("--video", FRAME, "--box", BOX, "--out", out, "--stats", stats, "--height", "171") == 0
    assert str(read(out)["shape"]) == json.loads(stats.read_text())["shape"] == "estimated, made 171 cm tall"
    in_a_process("--model", tiny_bundle, "--body", open_body_path, "--out", out, "--height", "171.5")
    assert str(read(out)["shape"]).startswith("mean, made 171.5 cm tall: the model's shape")
    assert np.abs(read(out)["betas"]).max() > 0


def test_quiet_says_nothing_of_body_and_shape(tiny_bundle: Path, tmp_path: Path, open_body_path: Path) -> None:
    out = tmp_path / "mesh.npz"
    assert in_a_process("--model", tiny_bundle, "--body", open_body_path, "--out", out, "-q") == []
    assert str(read(out)["shape"]).startswith("mean: ")


def in_a_process(*arguments: object) -> list[str]:
    """What `wb-track` says on the picture, warnings included, which pytest keeps to itself in its own process."""
    command = ["-m", "app", "--video", FRAME, "--box", BOX, "--axes", "camera", *arguments]
    done = subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).splitlines()


def test_a_model_of_the_open_space_on_smplx_names_the_shipped_body(
    tiny_bundle: Path, body_path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = of_the_open_space(tiny_bundle, tmp_path / "open")
    assert body_in_use(model, "--body", body_path) == "SMPLX_STANDIN"
    (warning,) = caplog.messages
    assert "for bodies of wb-track-open-1, the body is of smplx" in warning
    assert f"wb-track ships {OPEN_BODY}" in warning
