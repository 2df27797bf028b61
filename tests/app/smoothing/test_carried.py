"""Hands that are not looked at in every frame, and carried on between."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.frame import ALL_MEASURED, GUARDED, Measured
from app.scene import Placed
from app.smoothing.limits import WRISTS
from app.smoothing.motion import FINGERS
from app.smoothing.settings import SmoothSettings
from models.rotations import Array
from tests.app.smoothing.moves import SETTINGS, angles, matrices, only, placed, scene, smoothed, turned, vectors, walk

each = pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: s.causal or "zero-phase")
STRIDE = 4
HANDS = [*WRISTS, *FINGERS]


def strided(people: list[Placed]) -> list[Placed]:
    """The same, of whom the hands are looked at in every fourth frame and carried on in the others."""
    carried = []
    for k, person in enumerate(people):
        rot6d = person.params.rot6d.copy()
        rot6d[HANDS] = people[k - k % STRIDE].params.rot6d[HANDS]
        looked = k % STRIDE == 0
        params = replace(person.params, rot6d=rot6d)
        carried.append(replace(person, params=params, measured=Measured(looked, looked, True)))
    return carried


def steps(people: list[Placed], rows: list[int]) -> Array:
    """(T - 1,): how far rotations turn from frame to frame, on average."""
    return np.array([angles(matrices(a)[rows], matrices(b)[rows]).mean() for a, b in pairwise(people)])[10:-10]


@each
def test_hands_that_are_looked_at_now_and_then_move_without_steps(settings: SmoothSettings) -> None:
    people = walk()
    stairs = steps(strided(people), HANDS)
    outs = only(smoothed(settings, [scene(k, person) for k, person in enumerate(strided(people))]))
    even = steps(outs, HANDS)
    assert stairs.max() > 50 * np.percentile(stairs, 50)  # what is put in stands still and jumps
    assert even.max() < 2.5 * np.percentile(even, 50)


def test_with_a_look_ahead_hands_are_where_they_were_between_two_looks() -> None:
    """The look ahead has the true times of what was measured, and finds the motion between."""
    people = walk()
    settings = SmoothSettings(causal=None)
    whole = only(smoothed(settings, [scene(k, person) for k, person in enumerate(people)]))
    known = only(smoothed(settings, [scene(k, person) for k, person in enumerate(strided(people))]))
    held = only(
        smoothed(settings, [scene(k, replace(p, measured=ALL_MEASURED)) for k, p in enumerate(strided(people))])
    )

    def apart(outs: list[Placed]) -> float:
        return float(
            np.mean([angles(matrices(a)[HANDS], matrices(b)[HANDS]) for a, b in zip(outs, whole, strict=True)])
        )

    assert apart(known) < 0.4 * apart(held)


def test_what_is_not_looked_at_changes_nothing_of_the_rest() -> None:
    people = walk()
    for settings in SETTINGS:
        whole = only(smoothed(settings, [scene(k, person) for k, person in enumerate(people)]))
        some = only(smoothed(settings, [scene(k, person) for k, person in enumerate(strided(people))]))
        rest = [row for row in range(53) if row not in HANDS]
        for a, b in zip(whole, some, strict=True):
            np.testing.assert_allclose(a.params.rot6d[rest], b.params.rot6d[rest], atol=1e-12)


def test_a_hand_that_turned_while_nobody_looked_is_no_mistake() -> None:
    """What is held back as a mistake from one frame to the next is possible in the time since the last look."""
    people = [placed(vectors(0), begins=k == 0) for k in range(40)]
    turn = np.array([np.radians(100.0), 0.0, 0.0])
    later = [turned(person, FINGERS, turn) if k >= 20 else person for k, person in enumerate(people)]

    def flagged(people: list[Placed]) -> int:
        outs = only(smoothed(SETTINGS[0], [scene(k, person) for k, person in enumerate(people)]))
        return sum(bool(out.flags & GUARDED) for out in outs)

    assert flagged(later) > 0
    assert flagged(strided(later)) == 0
