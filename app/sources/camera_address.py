"""What `--camera` names: a number, a device, or an address; how it is opened, and whether it answers."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from app.errors import InputError

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
_EXAMPLE = "one such as rtsp://HOST:PORT/PATH"
_LINUX = sys.platform.startswith("linux")
_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")
_ANSWER_S = 0.3
_OPEN_MS, _READ_MS = 3000, 1000  # FFmpeg's own limits are 30 s each
_SIZE_WH, _RATE = (1280, 720), 30
# struct v4l2_capability: its size, and where capabilities and device_caps are; in these V4L2_CAP_VIDEO_CAPTURE, the
# planar one too, and V4L2_CAP_DEVICE_CAPS.
_QUERY, _ANSWER_BYTES, _ABILITIES = 0x80685600, 104, 84
_CAPTURES, _SAYS_OWN = 0x1 | 0x1000, 0x80000000
_PROBED = 8  # device numbers, where the system keeps no list


class CameraError(Exception):
    """A camera that gives nothing now: in one sentence, why. It may come back."""


@dataclass(frozen=True)
class CameraAddress:
    """text: a device number, the path of a device, or the address of a stream."""

    text: str

    def __post_init__(self) -> None:
        """Raises InputError for an address that cannot be one."""
        if not self.is_url:
            return
        try:
            parts = urlsplit(self.text)
            host, _ = parts.hostname, parts.port  # a port is checked when it is asked for
        except ValueError as error:
            raise InputError(f"{self.text} is no address: {error}; expected {_EXAMPLE}") from error
        if not parts.scheme:
            raise InputError(f"{self.text} is no address: it begins with no protocol; expected {_EXAMPLE}")
        if parts.scheme in _PORTS and not host:
            raise InputError(f"{self.text} is no address: it names no host; expected {_EXAMPLE}")

    @property
    def is_url(self) -> bool:
        return "://" in self.text

    @property
    def name(self) -> str:
        """How messages call it."""
        if self.is_url:
            parts = urlsplit(self.text)  # without the password that may be in it
            return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
        known = self._device and _device_name(self._device)
        return f"camera {self.text} ({known})" if known else f"camera {self.text}"

    def answers(self) -> bool:
        """Whether it is worth opening: the device is there, or something listens at the address."""
        if self.is_url:
            return _listens(self.text)
        return self._device is None or self._device.exists()

    def open(self) -> cv2.VideoCapture:
        """Opened, and asked for MJPG, size and rate. Raises CameraError."""
        if not self.answers():
            raise CameraError(self._absence())
        _hush_opencv()
        if self.is_url:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
            capture = cv2.VideoCapture(self.text, cv2.CAP_FFMPEG, limits)
        elif self._device is not None:
            capture = cv2.VideoCapture(str(self._device), cv2.CAP_V4L2)
        else:
            capture = cv2.VideoCapture(int(self.text))
        if not capture.isOpened():
            capture.release()
            raise CameraError(self._failure())
        if not self.is_url:
            _ask(capture)
        return capture

    @property
    def _device(self) -> Path | None:
        """Its file, on Linux."""
        if self.is_url or not _LINUX:
            return None
        return _DEVICES / f"video{self.text}" if self.text.isdecimal() else Path(self.text)

    def _absence(self) -> str:
        if self.is_url:
            parts = urlsplit(self.text)
            return f"nothing answers at {parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 0)}"
        return f"there is no {self.name}: {self._device} is missing; wb-track --camera list names the cameras"

    def refusal(self) -> str:
        """Why the system does not let its device be opened; empty where it does, and where only trying can tell."""
        if self._device is None:
            return ""
        try:
            os.close(os.open(self._device, os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            reasons = {errno.EACCES: "not allowed; join the group that owns it", errno.EBUSY: "used by another program"}
            return f"{self.name} cannot be opened: {reasons.get(error.errno or 0, error.strerror)}"
        return ""

    def _failure(self) -> str:
        if self.is_url:
            return f"{self.name} answers, but gives no video"
        if self._device is None:
            return f"{self.name} cannot be opened: missing, or used by another program"
        return self.refusal() or f"{self.name} gives no video: used by another program, or not a camera"


def granted(capture: cv2.VideoCapture) -> str:
    """What a camera says it gives. Its rate is a claim; what comes is measured."""
    width, height = (round(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    code = round(capture.get(cv2.CAP_PROP_FOURCC))
    letters = code.to_bytes(4, "little", signed=code < 0).decode("ascii", "replace").strip("\0 ")
    rate = capture.get(cv2.CAP_PROP_FPS)
    stated = f", {rate:g} fps as it says" if rate > 0 else ""
    return f"{width} x {height}{f' {letters}' if letters.isprintable() and letters else ''}{stated}"


def cameras() -> list[tuple[str, str]]:
    """The cameras there are: what to give --camera, and the name. Where the system keeps no list, each is opened."""
    if _LINUX:
        numbers = sorted(int(entry.name[5:]) for entry in _NAMES.glob("video*") if entry.name[5:].isdecimal())
        devices = {str(number): _DEVICES / f"video{number}" for number in numbers}
        return [(number, _device_name(device)) for number, device in devices.items() if _may_capture(device)]
    found = []
    for number in range(_PROBED):
        with contextlib.suppress(CameraError):
            capture = CameraAddress(str(number)).open()
            found.append((str(number), granted(capture)))
            capture.release()
    return found


def _ask(capture: cv2.VideoCapture) -> None:
    """MJPG first: uncompressed, most cameras are down to a few frames a second at this size."""
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, _SIZE_WH[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _SIZE_WH[1])
    capture.set(cv2.CAP_PROP_FPS, _RATE)


def _may_capture(device: Path) -> bool:
    """Unless a device says itself that it gives no pictures, as those for metadata do that webcams have beside their
    own (Linux's VIDIOC_QUERYCAP; not run on hardware)."""
    import fcntl  # not there on Windows

    try:
        opened = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        said = fcntl.ioctl(opened, _QUERY, bytes(_ANSWER_BYTES))
    except OSError:
        return True
    finally:
        os.close(opened)
    of_all, own = struct.unpack_from("=II", said, _ABILITIES)
    return bool((own if of_all & _SAYS_OWN else of_all) & _CAPTURES)


def _device_name(device: Path) -> str:
    try:
        return (_NAMES / device.resolve().name / "name").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    if not parts.hostname or port is None or parts.scheme in ("udp", "rtp", "srt"):
        return True  # only opening it can tell
    try:
        with socket.create_connection((parts.hostname, port), _ANSWER_S):
            return True
    except OSError:
        return False


def _hush_opencv() -> None:
    """OpenCV and its FFmpeg print to stderr what `CameraError` says in one line."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
