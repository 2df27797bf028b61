"""Stages in threads: a frame in one, its result out of the last."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from app.channel import Channel, ChannelClosed
from app.frame import Frame, Result

Stage = Callable[[Any], Any]


@runtime_checkable
class HoldingStage(Protocol):
    """A stage that may hold values back: each comes out once and in order, with a later one or with `flush`."""

    def __call__(self, value: Any, /) -> tuple[Any, ...]: ...

    def flush(self) -> tuple[Any, ...]:
        """What is held back, when no more values come."""
        ...


@dataclass(frozen=True)
class _Work:
    """A value on its way, with the times of the stages it has been through."""

    value: Any
    stage_ms: dict[str, float] = field(default_factory=dict)


class Pipeline:
    """Runs groups of stages over frames, a thread a group and one for the source. Iterate over it for the results.

    A stage is a callable from one value to the next, or a `HoldingStage`; the first takes a Frame and the last gives a
    Result. Groups are joined by channels, of capacity one or of the `room` that a stage beside them wants; lossless
    or, when `live`, of capacity one where the newest frame wins. Leaving the context, `close()`, or an error in any
    thread ends all of them; the first error is raised from the iteration.
    """

    def __init__(self, frames: Iterable[Frame], groups: Sequence[Sequence[Stage]], *, live: bool = False) -> None:
        self._frames = frames
        rooms = [1, *(max((_room(stage) for stage in group), default=1) for group in groups), 1]
        self._channels: list[Channel[_Work]] = [
            Channel(1 if live else max(before, after), newest_wins=live) for before, after in pairwise(rooms)
        ]
        self._stopping = False
        runs = [threading.Thread(target=self._capture, name="capture", daemon=True)]
        for group, source, sink in zip(groups, self._channels, self._channels[1:], strict=False):
            names = "+".join(stage_name(stage) for stage in group)
            runs.append(threading.Thread(target=self._work, args=(group, source, sink), name=names, daemon=True))
        self._threads = runs

    @property
    def dropped(self) -> int:
        """Frames that newer ones overtook."""
        return sum(channel.dropped for channel in self._channels)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __iter__(self) -> Iterator[Result]:
        for work in self._channels[-1]:
            yield finished(work.value, work.stage_ms)

    def stop(self) -> None:
        """No more frames; what is under way still comes out. Safe in a signal handler: it only sets a flag."""
        self._stopping = True

    def close(self) -> None:
        """End every thread, dropping what is under way, and wait for them."""
        self._stopping = True
        for channel in self._channels:
            channel.close(discard=True)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _capture(self) -> None:
        sink = self._channels[0]
        try:
            started = time.perf_counter()
            for frame in self._frames:
                work = _Work(frame, {"capture": 1e3 * (time.perf_counter() - started)})
                sink.put(work)
                if self._stopping:
                    break
                started = time.perf_counter()
        except ChannelClosed:
            return
        except BaseException as error:  # noqa: BLE001 - handed to whoever iterates
            sink.close(error)
        sink.close()

    def _work(self, group: Sequence[Stage], source: Channel[_Work], sink: Channel[_Work]) -> None:
        line = _Line(group)
        try:
            for work in source:
                for done in line.advanced(work):
                    sink.put(done)
            for done in line.flushed():
                sink.put(done)
            sink.close()
        except ChannelClosed:
            sink.close()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever iterates
            with contextlib.suppress(Exception):  # the first error is the one to tell
                for done in line.flushed():
                    sink.put(done)
            sink.close(error)
        source.close(discard=True)


def stage_name(stage: Stage) -> str:
    """How a stage is called in statistics."""
    return str(getattr(stage, "name", type(stage).__name__.lower()))


def _room(stage: Stage) -> int:
    """How many values a stage wants to find ready, and to leave behind, while it works on others."""
    return int(getattr(stage, "room", 1))


class _Line:
    """Stages one after the other, and the work that they hold back."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._held: list[deque[_Work]] = [deque() for _ in stages]

    def advanced(self, work: _Work, first: int = 0) -> Iterator[_Work]:
        """What comes out after the last stage, of work that is put into one."""
        if first == len(self._stages):
            yield work
            return
        for done in self._through(first, work):
            yield from self.advanced(done, first + 1)

    def flushed(self) -> Iterator[_Work]:
        """What was held back, when no more work comes."""
        for number, stage in enumerate(self._stages):
            if isinstance(stage, HoldingStage):
                started = time.perf_counter()
                for done in self._released(number, stage.flush(), started):
                    yield from self.advanced(done, number + 1)

    def _through(self, number: int, work: _Work) -> Iterator[_Work]:
        stage = self._stages[number]
        self._held[number].append(work)
        started = time.perf_counter()
        value = stage(work.value)
        yield from self._released(number, value if isinstance(stage, HoldingStage) else (value,), started)

    def _released(self, number: int, values: Sequence[Any], started: float) -> Iterator[_Work]:
        elapsed_ms = 1e3 * (time.perf_counter() - started) / max(len(values), 1)
        for value in values:
            work = self._held[number].popleft()
            yield _Work(value, {**work.stage_ms, stage_name(self._stages[number]): elapsed_ms})


def finished(result: Result, stage_ms: dict[str, float]) -> Result:
    """A result with its times filled in."""
    age_ms = 1e3 * (time.perf_counter() - result.frame.captured_s)
    return replace(result, stage_ms=MappingProxyType(stage_ms), age_ms=age_ms)


def run_stages(stages: Sequence[Stage], frames: Iterable[Frame]) -> Iterator[Result]:
    """The plain loop: all stages on one frame after the other, in this thread."""
    line = _Line(stages)
    for frame in frames:
        for work in line.advanced(_Work(frame)):
            yield finished(work.value, work.stage_ms)
    for work in line.flushed():
        yield finished(work.value, work.stage_ms)
