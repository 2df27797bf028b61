"""What a camera is called by: why it cannot be opened, what its name tells, and which there are."""

from __future__ import annotations

import errno
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.sources import camera_address
from app.sources.camera_address import CameraAddress, CameraError, cameras


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("77", "there is no camera 77"),
        ("/dev/video77", "there is no camera /dev/video77"),
        ("rtsp://me:secret@127.0.0.1:9/live", "nothing answers at 127.0.0.1:9"),
    ],
)
def test_why_it_cannot_be_opened(text: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CameraError, match=says):
        CameraAddress(text).open()
    assert capfd.readouterr() == ("", "")  # OpenCV does not chime in


def test_a_server_without_video_is_told_from_one_that_is_missing() -> None:
    class Nothing(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """In silence; to every request, that it is not known."""

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with pytest.raises(CameraError, match="gives no video"):
            CameraAddress(f"http://127.0.0.1:{server.server_port}/s.mjpg").open()
        server.shutdown()


def test_names_do_not_tell_passwords() -> None:
    assert CameraAddress("rtsp://me:secret@host:554/live").name == "rtsp://host:554/live"


def test_cameras_are_listed_with_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in ((10, "Second"), (2, "First")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n")
    monkeypatch.setattr(camera_address, "_NAMES", tmp_path)
    monkeypatch.setattr(camera_address, "_LINUX", True)
    assert cameras() == [("2", "First"), ("10", "Second")]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux lists devices that are no cameras")
@pytest.mark.parametrize(
    ("capabilities", "device_caps", "listed"),
    [
        (0x84A00001, 0x04200001, True),  # a webcam
        (0x84A00001, 0x04A00000, False),  # its metadata
        (0x85201000, 0x05201000, True),  # planes apart
        (0x05000001, 0, True),  # an old driver, which speaks of all its devices
        (0x05000002, 0, False),
    ],
)
def test_devices_that_give_no_pictures_are_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capabilities: int, device_caps: int, listed: bool
) -> None:
    """Answers to VIDIOC_QUERYCAP: struct v4l2_capability."""

    def answer(_: int, request: int, given: bytes) -> bytes:
        assert request == (2 << 30) + (104 << 16) + (ord("V") << 8)  # _IOR('V', 0, struct v4l2_capability)
        assert len(given) == 104
        return struct.pack("=16s32s32sIII12x", b"uvcvideo", b"Camera", b"usb-1", 6, capabilities, device_caps)

    (tmp_path / "names" / "video0").mkdir(parents=True)
    (tmp_path / "video0").touch()
    monkeypatch.setattr(camera_address, "_NAMES", tmp_path / "names")
    monkeypatch.setattr(camera_address, "_DEVICES", tmp_path)
    monkeypatch.setattr("fcntl.ioctl", answer)
    assert bool(cameras()) == listed


def test_a_device_that_is_not_allowed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(camera_address, "_LINUX", True)
    monkeypatch.setattr(camera_address, "_DEVICES", tmp_path)
    (tmp_path / "video0").touch()
    assert not CameraAddress("0").refusal()
    monkeypatch.setattr("os.open", denied)
    assert "not allowed" in CameraAddress("0").refusal()
    assert not CameraAddress("rtsp://host/live").refusal()
