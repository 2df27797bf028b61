"""A recorder in a thread of its own, so that disks and encoders hold nobody up."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from app.channel import Channel, ChannelClosed

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

_WAITING = 32  # values: a second of a camera


class Recorder(Protocol[T_contra]):
    """Takes values one by one; `finish` makes the files whole and names them."""

    def __call__(self, value: T_contra, /) -> object: ...

    def finish(self) -> list[Path]: ...


class Writer(Generic[T]):
    """Opens a recorder, feeds it and finishes it, all in one thread.

    Lossless: `put` waits where the recorder is behind by more than a second. Otherwise, newest wins and drops are
    counted. After an error it takes nothing more.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Recorder[T]]], *, lossless: bool = True) -> None:
        self._opened = opened
        self._channel: Channel[T] = Channel(_WAITING if lossless else 2, newest_wins=not lossless)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self.error: Exception | None = None
        self.written: list[Path] = []
        self._thread.start()

    @property
    def dropped(self) -> int:
        return self._channel.dropped

    def put(self, value: T) -> None:
        """Have a value recorded; nothing happens after an error."""
        with contextlib.suppress(ChannelClosed):
            self._channel.put(value)

    def finish(self) -> None:
        """Wait until everything is in whole files, which are `written` then, or until an `error`."""
        self._channel.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._opened() as recorder:
                try:
                    for value in self._channel:
                        recorder(value)
                finally:
                    self.written = recorder.finish()
        except Exception as error:  # noqa: BLE001 - for whoever asks; what was recorded before is in whole files
            self.error = error
        finally:
            self._channel.close(discard=True)
