"""A camera made of software: an MJPEG stream over HTTP on this machine, its frames numbered in their pixels.

What a client shows can so be told from what was sent and when. Also runs by itself:

    python -m tests.camera_server CLIP [--port N] [--fps N] [--size WxH]
"""

from __future__ import annotations

import argparse
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

_BITS = 20
_SIDE_PX = 8  # JPEG's block


def numbered(rgb: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """The picture with a number in its upper left corner: black and white squares, the lowest bit first."""
    marked = rgb.copy()
    for bit in range(_BITS):
        marked[:_SIDE_PX, bit * _SIDE_PX : (bit + 1) * _SIDE_PX] = 255 * (number >> bit & 1)
    return marked


def number_in(rgb: NDArray[np.uint8]) -> int:
    """The number that `numbered` wrote."""
    middles = rgb[_SIDE_PX // 2, _SIDE_PX // 2 : _BITS * _SIDE_PX : _SIDE_PX].mean(-1)
    return sum(1 << bit for bit, value in enumerate(middles) if value > 127)


class CameraServer:
    """Serves `pictures` round and round at a steady rate while entered; `stop` and `start` again at the same port.

    sent_s: when each number was sent, `time.perf_counter()`. silent: keep connections open and send nothing.
    """

    def __init__(self, pictures: list[NDArray[np.uint8]], fps: float = 30.0, port: int = 0) -> None:
        self.pictures, self._fps = pictures, fps
        self._numbers = count()
        self._server: _Server | None = None
        self.port = port
        self.silent = False
        self.sent_s: dict[int, float] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/s.mjpg"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), self._serve)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """As if the plug were pulled: connections are cut, and no one listens any more."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.cut_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, write: Callable[[bytes], object]) -> None:
        due_s = time.perf_counter()
        for picture in cycle(self.pictures):
            if self._server is None:
                return
            number = next(self._numbers)
            _, jpeg = cv2.imencode(".jpg", numbered(picture, number)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
            time.sleep(max(0.0, due_s - time.perf_counter()))
            due_s = max(due_s + 1 / self._fps, time.perf_counter())
            while self.silent and self._server is not None:
                time.sleep(0.02)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
            self.sent_s[number] = time.perf_counter()
            write(head + jpeg.tobytes() + b"\r\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], serve: Callable[[Callable[[bytes], object]], None]) -> None:
        self.serve = serve
        self.connections: list[socket.socket] = []
        super().__init__(address, _Handler)

    def cut_connections(self) -> None:
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.connections.append(self.connection)
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        self.server.serve(self.wfile.write)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the signature http.server has
        """In silence."""


def pictures_of(clip: Path, size_wh: tuple[int, int] | None = None) -> list[NDArray[np.uint8]]:
    """Every frame of a video, RGB."""
    from app.sources.video import VideoSource

    with VideoSource(clip) as source:
        frames = [frame.rgb for frame in source]
    if size_wh is None:
        return frames
    return [np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8) for rgb in frames]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--size", help="such as 640x480; default: the clip's")
    options = parser.parse_args()
    width, _, height = (options.size or "").partition("x")
    size = (int(width), int(height)) if height else None
    with CameraServer(pictures_of(options.clip, size), options.fps, options.port) as server:
        print(server.url, flush=True)  # noqa: T201 - for whoever started it
        threading.Event().wait()


if __name__ == "__main__":
    main()
