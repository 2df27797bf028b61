"""What wb-doctor finds, and what it says of what is missing or broken."""

from __future__ import annotations

import json
import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import doctor
from app.load import OPEN_BUNDLE
from app.rendering import gl_context
from app.sources.camera_address import CameraAddress
from engines.bundle import FILE_NAME
from models.body_file import OPEN_BODY

Examined = Callable[[], tuple[int, dict[str, str], str]]


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's data folder with nothing in it."""
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path)
    yield tmp_path
    logging.disable(logging.NOTSET)


@pytest.fixture
def examined(capsys: pytest.CaptureFixture[str]) -> Examined:
    """Exit code, the line of everything by its name, and the last line."""

    def run() -> tuple[int, dict[str, str], str]:
        code = doctor.main([])
        printed = capsys.readouterr().out.splitlines()
        rows = [line for line in printed if line.startswith("  ")]
        assert all(re.match(r"  (ok|no)  \S", row) for row in rows)
        return code, {row[6:20].strip(): row.strip() for row in rows}, printed[-1]

    return run


def _users_model(user: Path, **changes: object) -> Path:
    """The open bundle as the user's own, its description changed."""
    folder = user / "models" / "mine"
    shutil.copytree(OPEN_BUNDLE, folder)
    note = folder / FILE_NAME
    note.write_text(json.dumps({**json.loads(note.read_text()), **changes}))
    return folder


def test_out_of_the_box_it_tracks_and_what_is_missing_says_where_it_is_had(examined: Examined, user: Path) -> None:
    code, found, last = examined()
    assert code == 0
    assert re.match("ok .*onnxruntime.* [0-9.]+: fp32", found["cpu"])
    assert re.match("ok .*wb-track open, fp32", found["bundle"])
    assert str(OPEN_BUNDLE) in found["bundle"]
    assert found["body.npz"].startswith("ok")
    assert re.match("no .*snapshot_6.*wb-export", found["hand4whole"])
    assert str(user / "models") in found["hand4whole"]
    assert re.match("no .*register at", found["SMPL-X"])
    assert str(user / "bodies") in found["SMPL-X"]
    assert last.startswith("wb-track can track")
    assert str(OPEN_BUNDLE) in last
    assert str(OPEN_BODY) in last


def test_the_users_own_model_is_used(examined: Examined, user: Path) -> None:
    folder = _users_model(user, name="another")
    code, found, last = examined()
    assert code == 0
    assert re.match(f"ok .*another, fp32.*{re.escape(str(folder))}", found["mine"])
    assert "hand4whole" not in found
    assert str(folder) in last


def test_a_broken_model_of_the_users_is_why_nothing_can_be_tracked(examined: Examined, user: Path) -> None:
    folder = _users_model(user)
    (folder / "body.onnx").write_bytes(b"")
    code, found, last = examined()
    assert code == 1
    assert re.match("no .*hash differs", found["mine"])
    assert found["bundle"].startswith("ok")
    assert re.match("wb-track cannot track: .*hash differs", last)


def test_a_model_without_proof_is_not_used_by_itself(examined: Examined, user: Path) -> None:
    """As wb-track would refuse it."""
    _users_model(user, precision="int8", reduction=None)
    code, found, last = examined()
    assert code == 1
    assert "not proven" in found["mine"]
    assert re.match("wb-track cannot track: .*without proof", last)


def test_a_broken_body_counts_for_a_model_that_would_take_it(examined: Examined, user: Path) -> None:
    (user / "bodies").mkdir()
    (user / "bodies" / "SMPLX_MINE.npz").write_bytes(b"nothing")
    code, found, _ = examined()
    assert found["SMPLX_MINE.npz"].startswith("no")
    assert code == 0  # the open model is of the open body
    _users_model(user, shape_space="smplx")
    code, _, last = examined()
    assert code == 1
    assert "SMPLX_MINE.npz" in last


def test_without_an_engine_nothing_can_be_tracked(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_problem", lambda *_: "is out of order")
    code, found, last = examined()
    assert code == 1
    assert all(found[engine].startswith("no") for engine in ("cpu", "openvino", "cuda", "tensorrt"))
    assert last.startswith("wb-track cannot track: no engine")


def test_an_engine_that_does_not_start_says_why(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver is there, but not what CUDA needs besides."""
    monkeypatch.setattr(doctor, "driver_is_installed", lambda: True)
    code, found, _ = examined()
    assert code == 0
    assert re.match("no .*(CUDA|cuDNN)", found["cuda"])
    assert re.match("no .*(not installed|wb-export)", found["tensorrt"])


def test_cameras_are_named(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "cameras", lambda: [("0", "Integrated Camera"), ("2", "HD Webcam")])
    monkeypatch.setattr(CameraAddress, "refusal", lambda _: "")
    _, found, _ = examined()
    assert re.match("ok +0 +Integrated Camera", found["0"])
    assert re.match("ok +2 +HD Webcam", found["2"])
    monkeypatch.setattr(CameraAddress, "refusal", lambda self: f"camera {self.text} cannot be opened: not allowed")
    assert re.match("no .*not allowed", examined()[1]["2"])
    monkeypatch.setattr(doctor, "cameras", list)
    assert examined()[1]["none"].startswith("no")


def test_drawing_and_window_that_fail_say_what_to_do(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> None:
        raise RuntimeError("libEGL.so.1 is not\nthere")

    monkeypatch.setattr(gl_context, "offscreen_context", nothing)
    monkeypatch.setattr("app.window.main.sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    code, found, _ = examined()
    assert code == 0  # files are written without either
    assert re.match("no .*libEGL.so.1 is not there; .*apt-get install", found["OpenGL"])
    assert re.match("no .*no display.*--no-window", found["window"])


def test_other_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        doctor.main(["--all"])
    assert ended.value.code == 2
    assert "--all" in capsys.readouterr().err


def test_who_has_read_enough_ends_it_without_a_traceback() -> None:
    """As `wb-doctor | head -1` does."""
    command = [sys.executable, "-u", "-c", "import sys; from app.doctor import main; sys.exit(main([]))"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("wb-track")
        process.stdout.close()
        _, said = process.communicate()
    assert process.returncode == 141
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
