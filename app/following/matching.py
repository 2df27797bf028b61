"""Who is who: boxes found against people followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from app.following.person import Followed, Found
from app.frame import Box

Pairs = list[tuple[Followed, Found]]

_FAR = 4.0  # standard deviations
_OVER = 0.3  # overlap of one person's boxes, however they move
_STRANGE, _STRANGE_LOST = 0.3, 0.4  # likeness of someone else
_NEVER = 1e6
_CROWDED = 0.25  # of the smaller box
_INSIDE = 0.7
_MISTAKEN = 0.2  # so much better the looks of two agree the other way round
_LOOKS = 5  # to tell two apart who met


def by_motion(people: Sequence[Followed], found: Sequence[Found]) -> Pairs:
    """Those who went on: by overlap and distance from where they are thought to be, and by look."""

    def cost(one: Followed, other: Found) -> float:
        distance, overlap = one.distance(other.box) / _FAR, one.box.overlap(other.box)
        likeness = one.likeness(other.look)
        if distance > 1 and overlap < _OVER:
            return _NEVER
        if likeness < (_STRANGE_LOST if one.lost else 0.0 if one.met else _STRANGE):
            return _NEVER
        return min(distance, 1.0) + (1 - overlap) + 2 * (1 - likeness) + one.lost

    return _assigned(people, found, cost)


def by_look(people: Sequence[Followed], found: Sequence[Found], least: Callable[[Followed, Found], float]) -> Pairs:
    """Those who come back, or are elsewhere after a cut: by look alone. least: the likeness needed."""

    def cost(one: Followed, other: Found) -> float:
        likeness = one.likeness(other.look)
        return 1 - likeness if likeness >= least(one, other) else _NEVER

    return _assigned(people, found, cost)


def meet(people: Sequence[Followed]) -> None:
    """Note who is close to whom: their boxes hold each other's colours, and they may be taken for each other."""
    for one, other in combinations(people, 2):
        if not one.needed and not other.needed and shared(one.box, other.box) > _CROWDED:
            one.met[other] = other.met[one] = ()


def forget_others(people: Sequence[Followed]) -> None:
    """Of whom they met, keep those who are still followed: others' boxes stay where they were for ever."""
    for one in people:
        one.met = {other: gains for other, gains in one.met.items() if other in people}


def part(pairs: Pairs) -> None:
    """Set right who was taken for someone they met, as their looks tell when they are alone in their boxes again."""
    here = dict(pairs)
    for one, found in pairs:
        rest = [other.box for other in here.values() if other is not found]
        if not one.met or crowded(found.box, [*rest, *(other.box for other in one.met)]):
            continue
        for other in one.met:
            one.met[other] = (*one.met[other], _gain(one, other, found, here.get(other)))
        other = max(one.met, key=lambda other: sum(one.met[other]))
        if sum(one.met[other]) > _MISTAKEN:
            one.exchange(other)
            one.met = {}
        one.met = {other: gains for other, gains in one.met.items() if len(gains) < _LOOKS}


def _gain(one: Followed, other: Followed, here: Found, there: Found | None) -> float:
    """By how much better two looks agree with what is found if each is the other. there: where only one was found."""
    gain = other.likeness(here.look) - one.likeness(here.look)
    return gain if there is None else gain + one.likeness(there.look) - other.likeness(there.look)


def crowded(box: Box, others: Sequence[Box]) -> bool:
    """Whether someone else's colours are in the box."""
    return any(shared(box, other) > _CROWDED for other in others)


def inside(box: Box, others: Sequence[Box]) -> bool:
    """Whether the box is mostly a part of another, as a detector finds a person's half."""
    return any(box.share_in(other) > _INSIDE for other in others)


def shared(one: Box, other: Box) -> float:
    """What two boxes have in common, as a share of the smaller one, in [0, 1]."""
    return max(one.share_in(other), other.share_in(one))


def _assigned(people: Sequence[Followed], found: Sequence[Found], cost: Callable[[Followed, Found], float]) -> Pairs:
    """The pairs of least cost in all, those left out that cannot be."""
    if not people or not found:
        return []
    costs = np.array([[cost(one, other) for other in found] for one in people])  # (people, found)
    rows, columns = linear_sum_assignment(costs)
    return [(people[int(r)], found[int(c)]) for r, c in zip(rows, columns, strict=True) if costs[r, c] < _NEVER]
