"""The one place that decides what runs in which frame, so that a rate is held."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from app.pacing.costs import Costs
from app.pacing.plan import Part, chosen
from app.pacing.report import DETECTOR, Held, Tally

_USED = 0.94  # of the time: threads, queues and what is not measured take the rest
_LONGEST_S, _LONGEST_FRAMES = 0.25, 4  # that a part or the scene goes without being looked at, whichever is more
_SAVED, _OWED = 1.0, 2.0  # frames' time at most
_LOOK_SHARE, _URGENT_SHARE = 0.2, 0.5  # of what every frame leaves, for the detector
_URGENT_FRAMES = 3


class Budget:
    """The time of frames at a rate, and what it is spent on.

    Every frame brings its share; stages take theirs, as measured. What is over is for the detector, hands and faces of
    everyone, saved for a frame or owed for two where something costs more than one frame leaves. Stages are counted one
    after the other, which is how networks run that share a device. Any thread may call.
    """

    def __init__(self, target_fps: float, *, live: bool, clock: Callable[[], float] = time.perf_counter) -> None:
        """live: frames may be left out, and come no faster than the source gives them."""
        self.target_fps = target_fps
        self.most_frames = max(_LONGEST_FRAMES, round(_LONGEST_S * target_fps))
        self._frame_s = _USED / target_fps
        self._clock = clock
        self._every = Costs()  # of stages, without what can be left out
        self._some = Costs()  # of what can be left out, each
        self._to_come: set[str] = set()
        self._inside_s: dict[int, float] = {}  # by thread, what its stage has spent on what can be left out
        self._credit_s = 0.0
        self._live = live
        self._tally = Tally(target_fps, live=live)
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Another source begins: what it was spent on is forgotten, what things cost is not."""
        with self._lock:
            self._credit_s, self._tally = 0.0, Tally(self.target_fps, live=self._live)

    def begin(self, index: int) -> None:
        """A frame begins; index: its number at the source."""
        with self._lock:
            self._tally.begin(self._clock(), index)
            most_s = (1.0 + _SAVED) * self._frame_s
            self._credit_s = min(self._credit_s + self._frame_s, most_s)
            self._to_come = set(self._every.names)

    def spent(self, stage: str, seconds: float) -> None:
        """A stage took so long, in all."""
        with self._lock:
            inside_s = self._inside_s.pop(threading.get_ident(), 0.0)
            self._every.add(stage, max(seconds - inside_s, 0.0))
            self._to_come.discard(stage)
            self._credit_s = max(self._credit_s - seconds, -_OWED * self._frame_s)
            self._tally.spent(seconds)

    def ran(self, kinds: Sequence[str], seconds: float) -> None:
        """Some of what can be left out ran, within the stage that runs: one or several of a kind, all at once."""
        with self._lock:
            thread = threading.get_ident()
            self._inside_s[thread] = self._inside_s.get(thread, 0.0) + seconds
            for kind in kinds:
                self._some.add(kind, seconds / len(kinds))
            self._tally.ran(Counter(kinds))

    def expected_s(self, kind: str) -> float:
        """What one of a kind takes."""
        with self._lock:
            return self._some.expected(kind)

    def look_due(self, frames: int, *, urgent: bool) -> bool:
        """Whether the detector shall look, its last look so many frames ago. urgent: someone was lost, or may be."""
        with self._lock:
            over_s = self._frame_s - sum(map(self._every.expected, self._every.names))
            share = _URGENT_SHARE if urgent else _LOOK_SHARE
            most = min(_URGENT_FRAMES, self.most_frames) if urgent else self.most_frames
            return frames >= most or self._some.expected(DETECTOR) <= share * over_s * frames

    def choose(self, parts: Sequence[Part]) -> list[Part]:
        """Which parts to look at in this frame."""
        with self._lock:
            self._tally.offered(Counter(part.kind for part in parts))
            spare_s = self._credit_s - sum(map(self._every.expected, self._to_come))
            return chosen(parts, spare_s, _SAVED * self._frame_s, self.most_frames)

    def recent(self) -> Held:
        """How it went in the last seconds."""
        with self._lock:
            return self._tally.recent(self._clock())

    def overall(self) -> Held:
        """How it went since the start."""
        with self._lock:
            return self._tally.overall()

    def costs_ms(self) -> dict[str, float]:
        """What stages take in every frame, and what each detector's look, hands and face take."""
        with self._lock:
            averages = {name: costs.expected(name) for costs in (self._every, self._some) for name in costs.names}
        return {name: round(1e3 * seconds, 2) for name, seconds in averages.items()}
