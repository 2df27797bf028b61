"""Live frames from a camera, the newest always, through losses and returns."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.channel import Channel, ChannelClosed
from app.errors import reason
from app.frame import Frame
from app.sources.camera_address import CameraAddress, CameraError, granted
from app.sources.fitted import fitted
from engines.closing import Closing

_log = logging.getLogger(__name__)

_SILENCE_S = 1.0  # without a frame, the camera counts as lost
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_LONGEST_PAUSE_ANSWERING_S = 1.5
_TICK_S = 0.05
_STATED_FPS = 30.0  # until it is measured: what cameras say of their rate is a claim


class CameraSource(Closing):
    """Frames as they arrive, stamped with the time of arrival; one that nobody took is overtaken by the next.

    `time_s` counts from the first that was taken. Can be iterated once.

    A thread of its own reads the camera, and opens it again when it is lost: at 0.5 s, then ever later up to 5 s. In
    between, twice a second, it looks whether the camera answers, and a change makes it try at once; while the camera
    answers and yet gives nothing (busy, say), only trying can tell, so it tries every 1.5 s. Either way a camera is
    back within 2 s of its return.
    """

    def __init__(self, address: CameraAddress, *, mirror: bool = False, duration_s: float | None = None) -> None:
        """Begins to open it at once.

        mirror: turn pictures left to right, before anyone sees them. duration_s: end that long after the first frame.
        """
        self.name = address.name
        self.fps = _STATED_FPS
        self.paused = False
        self.attempts = 0  # that failed, since there was a picture
        self._address = address
        self._mirror = mirror
        self._until_s = float("inf") if duration_s is None else duration_s
        self._newest: Channel[Frame] = Channel(newest_wins=True)
        self._stopping = False
        self._problem = ""
        self._segment = self._count = 0
        self._dropped_before = 0
        self._arrived_s: float | None = None
        self._granted = ""
        self._given_wh = self._size_wh = (0, 0)  # of the camera's pictures now, and of those handed on
        self._thread = threading.Thread(target=self._keep_open, name="camera", daemon=True)
        self._thread.start()

    @property
    def seen(self) -> bool:
        """Whether there has been a picture yet."""
        return self._arrived_s is not None

    @property
    def problem(self) -> str:
        """Why there is no picture now, in a sentence; empty while frames come, and before the first attempt ended."""
        if self._problem or self._arrived_s is None:
            return self._problem
        silent_s = time.perf_counter() - self._arrived_s
        return f"{self.name} has been silent for {silent_s:.0f} s" if silent_s > _SILENCE_S else ""

    @property
    def granted(self) -> str:
        """What the camera says it gives, and what is made of that."""
        return f"{self._granted}{self._fitted}"

    @property
    def _fitted(self) -> str:
        first = f", fitted into {self._size_wh[0]} x {self._size_wh[1]}"
        return "" if self._given_wh == self._size_wh else first

    @property
    def dropped(self) -> int:
        """Frames that newer ones overtook before they were taken, since the first was."""
        return max(0, self._newest.dropped - self._dropped_before)

    def __iter__(self) -> Iterator[Frame]:
        pauses, was_paused = 0, False
        began_s: float | None = None
        while not self._stopping:
            try:
                frame = self._newest.get(timeout_s=_TICK_S)
            except TimeoutError:
                if began_s is not None and time.perf_counter() - began_s >= self._until_s:
                    return
                continue
            except ChannelClosed:
                return
            if began_s is None:
                began_s, self._dropped_before = frame.captured_s, self._newest.dropped
            if frame.captured_s - began_s >= self._until_s:
                return
            if self.paused:
                was_paused = True
                continue
            pauses, was_paused = pauses + was_paused, False
            yield replace(frame, time_s=frame.captured_s - began_s, segment=frame.segment + pauses)

    def stop(self) -> None:
        """No more frames. Safe in a signal handler: it only sets a flag."""
        self._stopping = True

    def close(self) -> None:
        """Let go of the camera. One that hangs in its driver is left behind, in a thread that ends with the program."""
        self.stop()
        self._newest.close(discard=True)
        self._thread.join(timeout=0.5)

    def _keep_open(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping:
            before = self._count
            try:
                self._read(self._address.open())
            except ChannelClosed:
                return
            except CameraError as error:
                self._lose(str(error))
            except Exception as error:  # noqa: BLE001 - a driver's; the camera is opened again, whatever it was
                _log.debug("%s failed", self.name, exc_info=error)
                self._lose(f"{self.name} failed: {reason(error)}")
            if self._count > before:
                pause_s, self.attempts = _FIRST_PAUSE_S, 0
            self.attempts += 1
            changed = self._wait_for_change(pause_s)
            pause_s = _FIRST_PAUSE_S if changed else min(2 * pause_s, _LONGEST_PAUSE_S)

    def _read(self, capture: cv2.VideoCapture) -> None:
        """Frames until they end. Raises CameraError then."""
        try:
            self._granted = granted(capture)
            while not self._stopping:
                there, bgr = capture.read()
                arrived_s = time.perf_counter()
                if not there or np.ndim(bgr) != 3:  # OpenCV says that an empty picture is there
                    raise CameraError(f"{self.name} has stopped giving pictures")
                self._hand_on(np.asarray(bgr, np.uint8), arrived_s)
        finally:
            capture.release()

    def _hand_on(self, bgr: NDArray[np.uint8], arrived_s: float) -> None:
        before_wh, self._given_wh = self._given_wh, (bgr.shape[1], bgr.shape[0])
        was_lost = bool(self.problem) or self._arrived_s is None or arrived_s - self._arrived_s > _SILENCE_S
        if not self._count:
            self._size_wh = self._given_wh
            _log.info("%s: %s", self.name, self.granted)
        elif was_lost or self._given_wh != before_wh:
            self._segment += 1
            size = "" if self._given_wh == before_wh else f", now with {bgr.shape[1]} x {bgr.shape[0]}{self._fitted}"
            _log.warning("%s is back%s", self.name, size)
        self._arrived_s, self._problem = arrived_s, ""
        frame = Frame(self._count, arrived_s, self._picture(bgr), arrived_s, self._segment)
        self._count += 1
        self._newest.put(frame)

    def _picture(self, bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) RGB of the size the camera had at first, since a take has one size."""
        rgb = cv2.cvtColor(fitted(bgr, self._size_wh), cv2.COLOR_BGR2RGB)
        return np.asarray(cv2.flip(rgb, 1) if self._mirror else rgb, np.uint8)

    def _lose(self, problem: str) -> None:
        if not self._problem and self.seen:
            _log.warning("%s; reconnecting", problem)
        self._problem = problem

    def _wait_for_change(self, pause_s: float) -> bool:
        """Wait before another attempt; whether the wait was cut short, the camera having begun or ceased to answer."""
        began_s = looked_s = time.perf_counter()
        answered = self._address.answers()
        if answered:
            pause_s = min(pause_s, _LONGEST_PAUSE_ANSWERING_S)
        while not self._stopping and (now_s := time.perf_counter()) - began_s < pause_s:
            if now_s - looked_s >= _FIRST_PAUSE_S:
                looked_s = now_s
                if self._address.answers() != answered:
                    return True
            time.sleep(_TICK_S)
        return False
