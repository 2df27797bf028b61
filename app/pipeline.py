"""Stages in threads: a frame in one, its result out of the last."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from typing import Any, Self

from app.channel import Channel, ChannelClosed
from app.frame import Frame, Result

Stage = Callable[[Any], Any]


@dataclass(frozen=True)
class _Work:
    """A value on its way, with the times of the stages it has been through."""

    value: Any
    stage_ms: dict[str, float] = field(default_factory=dict)


class Pipeline:
    """Runs groups of stages over frames, a thread a group and one for the source. Iterate over it for the results.

    A stage is a callable from one value to the next; the first takes a Frame and the last gives a Result. Groups are
    joined by channels, lossless or, when `live`, of capacity one where the newest frame wins. Leaving the context,
    `close()`, or an error in any thread ends all of them; the first error is raised from the iteration.
    """

    def __init__(self, frames: Iterable[Frame], groups: Sequence[Sequence[Stage]], *, live: bool = False) -> None:
        self._frames = frames
        self._channels: list[Channel[_Work]] = [Channel(newest_wins=live) for _ in range(len(groups) + 1)]
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
        try:
            while True:
                work = source.get()
                for stage in group:
                    work = advanced(work, stage)
                sink.put(work)
        except ChannelClosed:
            sink.close()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever iterates
            sink.close(error)
        source.close(discard=True)


def stage_name(stage: Stage) -> str:
    """How a stage is called in statistics."""
    return str(getattr(stage, "name", type(stage).__name__.lower()))


def advanced(work: _Work, stage: Stage) -> _Work:
    """One stage further."""
    started = time.perf_counter()
    value = stage(work.value)
    elapsed_ms = 1e3 * (time.perf_counter() - started)
    return _Work(value, {**work.stage_ms, stage_name(stage): elapsed_ms})


def finished(result: Result, stage_ms: dict[str, float]) -> Result:
    """A result with its times filled in."""
    age_ms = 1e3 * (time.perf_counter() - result.frame.captured_s)
    return replace(result, stage_ms=MappingProxyType(stage_ms), age_ms=age_ms)


def run_stages(stages: Sequence[Stage], frame: Frame) -> Result:
    """The plain loop: all stages on one frame, in this thread."""
    work = _Work(frame)
    for stage in stages:
        work = advanced(work, stage)
    return finished(work.value, work.stage_ms)
