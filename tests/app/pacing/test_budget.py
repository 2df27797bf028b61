"""A rate is held by doing less, on a clock of our own: every stage takes exactly what it is said to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from app.following.pace import TargetPace
from app.pacing.budget import Budget
from app.pacing.plan import Part
from app.pacing.report import Held

FULL = {"body": 18.0, "parts": 2.0, "hands": 33.0, "face": 5.0, "detector": 8.0}  # ms


@dataclass
class Run:
    """A source of pictures and the stages, simulated. cost_ms: by name. still: who does not move."""

    cost_ms: Mapping[str, float]
    target_fps: float = 30.0
    source_fps: float = 30.0
    live: bool = True
    people: int = 1
    still: frozenset[int] = frozenset()
    now_s: float = 0.0
    runs: Counter[tuple[int, str]] = field(default_factory=Counter)
    looks: int = 0
    frames: int = 0
    longest: int = 0

    def __post_init__(self) -> None:
        self.budget = Budget(self.target_fps, live=self.live, clock=lambda: self.now_s)
        self._pace = TargetPace(self.budget)
        self._ages: dict[tuple[int, str], int] = {
            (person, kind): self.budget.most_frames for person in range(self.people) for kind in ("hands", "face")
        }

    def on(self, seconds: float, *, urgent: bool = False) -> Held:
        """So many seconds, newest frame first."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            index = self._next_index()
            self._frame(index, urgent=urgent)
        return self.budget.recent()

    def _next_index(self) -> int:
        if not self.live:
            return self.frames
        index = int(self.now_s * self.source_fps + 1e-9)
        if index == getattr(self, "_last_index", -1):  # the next one has not come yet
            index += 1
            self.now_s = index / self.source_fps
        self._last_index = index
        return index

    def _frame(self, index: int, *, urgent: bool) -> None:
        self.frames += 1
        self.budget.begin(index)
        looked_ms = 0.0
        if self._pace.due(self.now_s, urgent=urgent):
            self.looks += 1
            looked_ms = self.cost_ms["detector"]
            self._pace.looked(self.now_s, 1e-3 * looked_ms)
        self._spent("detect", looked_ms + 1.0)
        self._spent("body", self.people * self.cost_ms["body"])
        self._spent("parts", self.cost_ms["parts"] + self._parts_ms())

    def _parts_ms(self) -> float:
        """Networks run on all that are chosen; what is chosen is new, the rest a frame older."""
        offered = [
            Part(person, kind, age, 0.0 if person in self.still else 0.1 * age, self.budget.expected_s(kind))
            for (person, kind), age in self._ages.items()
        ]
        self.longest = max(self.longest, *self._ages.values())
        chosen = [(part.track_id, part.kind) for part in self.budget.choose(offered)]
        took_ms = 0.0
        for kind, some in Counter(kind for _, kind in chosen).items():
            self.budget.ran((kind,) * some, 1e-3 * some * self.cost_ms[kind])
            took_ms += some * self.cost_ms[kind]
        self.runs.update(chosen)
        self._ages = {key: 1 if key in chosen else age + 1 for key, age in self._ages.items()}
        return took_ms

    def _spent(self, stage: str, ms: float) -> None:
        self.now_s += 1e-3 * ms
        self.budget.spent(stage, 1e-3 * ms)


def test_the_whole_network_holds_its_rate_by_looking_at_hands_and_face_less_often() -> None:
    run = Run(FULL)
    run.on(2.0)
    began = run.frames
    held = run.on(10.0)
    assert held.held
    assert run.frames - began >= 0.98 * 300  # the body in all of them
    assert 1.5 < held.strides["hands"] < 8
    assert 1.5 < held.strides["face"] <= 8
    assert run.longest <= run.budget.most_frames == 8
    assert str(held).startswith("30 fps held (detector 1/")


def test_every_second_has_its_frames() -> None:
    run = Run(FULL)
    run.on(2.0)
    counts = []
    for _ in range(20):
        began = run.frames
        run.on(1.0)
        counts.append(run.frames - began)
    assert min(counts) >= 28


def test_time_is_used_and_not_saved_up_for_nothing() -> None:
    run = Run(FULL, live=False)
    run.on(3.0)
    began, now_s = run.frames, run.now_s
    run.on(10.0)
    assert 30.0 <= (run.frames - began) / (run.now_s - now_s) <= 34.0


def test_with_time_for_all_nothing_is_left_out() -> None:
    run = Run({name: 0.2 * ms for name, ms in FULL.items()})
    run.on(3.0)
    held = run.on(3.0)
    assert held.held
    assert held.strides["hands"] == held.strides["face"] == 1.0
    assert str(held) == "30 fps held"


def test_what_cannot_be_held_goes_as_fast_as_it_can_and_says_so() -> None:
    run = Run({**FULL, "body": 40.0})
    run.on(3.0)
    held = run.on(5.0)
    assert not held.held
    assert str(held).startswith("30 fps cannot be held, 2")
    # Body, what every frame needs, and the rest as seldom as may be.
    least_ms = 40 + 2 + 1 + (33 + 5 + 8) / 8
    assert held.fps == pytest.approx(1e3 / least_ms, rel=0.05)
    assert held.strides["hands"] == pytest.approx(8, abs=0.7)
    assert run.longest <= 8


def test_a_slow_source_is_not_the_trackers_fault() -> None:
    run = Run({name: 0.3 * ms for name, ms in FULL.items()}, source_fps=15.0)
    run.on(2.0)
    held = run.on(4.0)
    assert held.held
    assert str(held).startswith("15 fps is all that comes")


def test_a_file_that_is_slow_is_not_held() -> None:
    run = Run({**FULL, "body": 60.0}, live=False)
    assert not run.on(5.0).held


def test_several_people_share_the_time_and_those_who_move_get_more_of_it() -> None:
    cost_ms = {**FULL, "body": 5.0, "hands": 10.0, "face": 2.0}
    run = Run(cost_ms, people=3, still=frozenset({2}))
    run.on(2.0)
    run.runs.clear()
    held = run.on(10.0)
    assert held.held
    assert run.longest <= 8
    assert run.runs[0, "hands"] == pytest.approx(run.runs[1, "hands"], rel=0.2)
    assert run.runs[0, "hands"] > 1.3 * run.runs[2, "hands"] > 0


def test_the_detector_looks_more_often_when_someone_may_be_lost() -> None:
    calm, urgent = Run(FULL), Run(FULL)
    calm.on(5.0)
    urgent.on(5.0, urgent=True)
    assert urgent.looks > 1.4 * calm.looks
    assert urgent.looks >= urgent.frames / 3 - 1
    assert calm.looks >= calm.frames / 8 - 1


def test_a_part_is_looked_at_within_a_quarter_of_a_second_or_four_frames() -> None:
    assert [Budget(fps, live=True).most_frames for fps in (5, 15, 30, 60)] == [4, 4, 8, 15]


def test_nothing_is_said_before_anything_is_known() -> None:
    budget = Budget(30.0, live=True)
    assert str(budget.recent()) == str(budget.overall()) == ""


def test_what_was_done_is_told_in_numbers() -> None:
    run = Run(FULL)
    run.on(6.0)
    summary = run.budget.overall().summary()
    assert summary["target_fps"] == 30.0
    assert summary["held"] is True
    assert summary["strides"].keys() == {"body", "detector", "face", "hands"}
    assert summary["strides"]["body"] == 1.0
    costs = run.budget.costs_ms()
    assert {name: costs[name] for name in FULL} == pytest.approx(FULL)


def test_another_source_is_counted_anew_at_known_costs() -> None:
    run = Run(FULL)
    run.on(6.0)
    run.budget.reset()
    assert str(run.budget.overall()) == ""
    assert run.budget.costs_ms()["hands"] == pytest.approx(33.0)
