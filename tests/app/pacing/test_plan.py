"""Which parts are looked at: those that move, those that there is time for, and none too seldom."""

from __future__ import annotations

import pytest

from app.pacing.plan import Part, chosen

MS = 1e-3
MOST = 8


def part(kind: str, *, age: int = 1, motion: float = 0.0, cost_ms: float = 10.0, track_id: int = 1) -> Part:
    return Part(track_id, kind, age, motion, cost_ms * MS)


def kinds(parts: list[Part], spare_ms: float, bank_ms: float = 30.0) -> list[str]:
    return [one.kind for one in chosen(parts, spare_ms * MS, bank_ms * MS, MOST)]


def test_with_time_for_all_everything_is_looked_at() -> None:
    assert set(kinds([part("hands"), part("face")], 20.0)) == {"hands", "face"}


def test_with_no_time_nothing_is_looked_at_that_need_not_be() -> None:
    assert kinds([part("hands"), part("face")], 0.0) == []


def test_hands_that_moved_most_come_first() -> None:
    people = [part("hands", motion=motion, track_id=row) for row, motion in enumerate((0.1, 0.9, 0.5))]
    assert [one.track_id for one in chosen(people, 20 * MS, 30 * MS, MOST)] == [1, 2]


def test_faces_come_after_hands_that_moved_as_much() -> None:
    assert kinds([part("face", motion=0.4), part("hands", motion=0.4)], 10.0) == ["hands"]


def test_at_rest_the_oldest_come_first() -> None:
    assert kinds([part("hands", age=1), part("face", age=4)], 10.0) == ["face"]


def test_what_is_too_dear_now_is_saved_for() -> None:
    """A cheap face does not eat up, frame by frame, what the moving hands need."""
    assert kinds([part("hands", motion=1.0, cost_ms=20.0), part("face", cost_ms=2.0)], 15.0) == []


def test_what_costs_more_than_can_be_saved_is_run_on_credit() -> None:
    assert kinds([part("hands", cost_ms=80.0)], 30.0, bank_ms=30.0) == ["hands"]


@pytest.mark.parametrize("people", [1, 3, 8, 12])
def test_nothing_waits_longer_than_the_most_frames_and_the_load_is_even(people: int) -> None:
    """Even where there is never any time, and all begin in the same frame."""
    ages = {(track_id, kind): MOST for track_id in range(people) for kind in ("hands", "face")}
    each_frame = -(-len(ages) // MOST)
    for frame in range(60):
        parts = [part(kind, age=age, track_id=track_id) for (track_id, kind), age in ages.items()]
        run = {(one.track_id, one.kind) for one in chosen(parts, -1.0, 30 * MS, MOST)}
        assert len(run) <= (len(ages) if frame == 0 else each_frame)
        ages = {key: 1 if key in run else age + 1 for key, age in ages.items()}
        assert max(ages.values()) <= MOST


def test_hands_that_move_are_looked_at_more_often_than_hands_that_rest_but_not_alone() -> None:
    ages, runs = {1: 1, 2: 1}, {1: 0, 2: 0}
    for _ in range(100):
        parts = [
            part("hands", age=ages[row], motion=ages[row] * speed, track_id=row) for row, speed in ((1, 0.2), (2, 0))
        ]
        for one in chosen(parts, 10 * MS, 30 * MS, MOST):
            runs[one.track_id], ages[one.track_id] = runs[one.track_id] + 1, 0
        ages = {row: age + 1 for row, age in ages.items()}
    assert runs[1] > 2 * runs[2] >= 2 * 100 / MOST - 2
    assert sum(runs.values()) == 100
