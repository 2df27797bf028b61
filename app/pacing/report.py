"""Was the rate held, and by what?"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DETECTOR = "detector"
_WINDOW_S = 2.0
_HELD = 0.95  # of the rate: what threads make it waver by
_COMPLETE = 0.97  # of the source's frames


@dataclass
class _Frame:
    """One frame's numbers, filled in as they come."""

    begun_s: float
    index: int
    busy_s: float = 0.0
    offered: Counter[str] = field(default_factory=Counter)
    ran: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Held:
    """fps: frames a second. possible_fps: what the stages that share the time leave room for. strides: in every how
    many frames each kind of part was looked at, on average. source_fps: of frames at the source; None for files."""

    target_fps: float
    fps: float
    possible_fps: float
    source_fps: float | None
    strides: Mapping[str, float]

    @property
    def waits(self) -> bool:
        """Whether all the source's frames are tracked with time left over, and there are no more."""
        whole = self.source_fps is not None and self.fps >= _COMPLETE * self.source_fps
        return whole and self.possible_fps >= _HELD * self.target_fps

    @property
    def held(self) -> bool:
        return self.fps >= _HELD * self.target_fps or self.waits

    @property
    def verdict(self) -> str:
        """In four words or so; nothing where nothing is known yet."""
        if not self.fps:
            return ""
        if not self.held:
            return f"{self.target_fps:g} fps cannot be held, {self.fps:.0f} can"
        if self.fps < _HELD * self.target_fps:
            return f"{self.fps:.0f} fps is all that comes"
        return f"{self.target_fps:g} fps held"

    def __str__(self) -> str:
        """The verdict, and what was looked at less often than every frame."""
        less = [f"{kind} 1/{stride:.1f}" for kind, stride in self.strides.items() if stride > 1.05]
        return f"{self.verdict} ({', '.join(less)})" if less else self.verdict

    def summary(self) -> Mapping[str, Any]:
        """For JSON."""
        return {
            "target_fps": self.target_fps,
            "fps": round(self.fps, 2),
            "held": self.held,
            "possible_fps": round(self.possible_fps, 2),
            "strides": {"body": 1.0, **{kind: round(stride, 2) for kind, stride in self.strides.items()}},
        }


class Tally:
    """Counts what is done, over all and over the last two seconds."""

    def __init__(self, target_fps: float, *, live: bool) -> None:
        self._target_fps = target_fps
        self._live = live
        self._frames: deque[_Frame] = deque()
        self._ends: list[_Frame] = []  # the first frame, and the last
        self._count = 0
        self._total = _Frame(0.0, 0)

    def begin(self, now_s: float, index: int) -> None:
        frame = _Frame(now_s, index)
        self._frames.append(frame)
        self._ends = [*self._ends[:1], frame]
        self._count += 1
        self._forget(now_s)

    def spent(self, seconds: float) -> None:
        self._add(busy_s=seconds)

    def offered(self, kinds: Counter[str]) -> None:
        self._add(offered=kinds)

    def ran(self, kinds: Counter[str]) -> None:
        self._add(ran=kinds)

    def recent(self, now_s: float) -> Held:
        self._forget(now_s)
        return self._held(list(self._frames), len(self._frames), self._frames)

    def overall(self) -> Held:
        return self._held(self._ends, self._count, [self._total])

    def _add(self, busy_s: float = 0.0, offered: Counter[str] | None = None, ran: Counter[str] | None = None) -> None:
        for frame in (self._total, *self._ends[-1:]):
            frame.busy_s += busy_s
            frame.offered.update(offered or {})
            frame.ran.update(ran or {})

    def _forget(self, now_s: float) -> None:
        while self._frames and self._frames[0].begun_s < now_s - _WINDOW_S:
            self._frames.popleft()

    def _held(self, span: list[_Frame], count: int, counted: Iterable[_Frame]) -> Held:
        """span: the first frame and the last. count: how many there are. counted: what was done in them."""
        if count < 2 or len(span) < 2:
            return Held(self._target_fps, 0.0, 0.0, None, {})
        seconds = max(span[-1].begun_s - span[0].begun_s, 1e-9)
        busy_s, offered, ran = 0.0, Counter[str](), Counter[str]()
        for frame in counted:
            busy_s += frame.busy_s
            offered.update(frame.offered)
            ran.update(frame.ran)
        offered[DETECTOR] = count
        source_fps = (span[-1].index - span[0].index) / seconds if self._live else None
        return Held(
            self._target_fps,
            (count - 1) / seconds,
            count / max(busy_s, 1e-9),
            source_fps,
            {kind: offered[kind] / ran[kind] for kind in sorted(ran)},
        )
