"""The one way values pass between threads: bounded, and closable with an error."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ChannelClosed(Exception):  # noqa: N818 - an end, not an error
    """The other side has gone; there is nothing more to do."""


class Channel(Generic[T]):
    """A queue of at most `capacity` values.

    Lossless (the default), a full channel makes `put` wait. With `newest_wins`, `put` never waits: the oldest value is
    dropped and counted. `close` ends both sides: `put` raises ChannelClosed at once, `get` hands out what is left and
    then raises ChannelClosed, or the error that `close` was given.
    """

    def __init__(self, capacity: int = 1, *, newest_wins: bool = False) -> None:
        if capacity < 1:
            raise ValueError(f"a channel holds at least one value, not {capacity}")
        self._capacity = capacity
        self._newest_wins = newest_wins
        self._values: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None
        self.dropped = 0

    def put(self, value: T) -> None:
        """Add a value. Raises ChannelClosed when nobody will take it."""
        with self._changed:
            if not self._newest_wins:
                self._changed.wait_for(lambda: self._closed or len(self._values) < self._capacity)
            if self._closed:
                raise ChannelClosed
            if len(self._values) == self._capacity:
                self._values.popleft()
                self.dropped += 1
            self._values.append(value)
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> T:
        """The oldest value, waiting for one. Raises ChannelClosed, or the error of `close`, when there are no more.

        Raises TimeoutError where none comes within timeout_s.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._values or self._closed, timeout_s):
                raise TimeoutError
            if self._values:
                value = self._values.popleft()
                self._changed.notify_all()
                return value
            raise self._error or ChannelClosed

    def close(self, error: BaseException | None = None, *, discard: bool = False) -> None:
        """No more values. The first error is kept. discard: drop what is left, so that the reader stops at once."""
        with self._changed:
            self._closed = True
            self._error = self._error or error
            if discard:
                self._values.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                yield self.get()
            except ChannelClosed:
                return
