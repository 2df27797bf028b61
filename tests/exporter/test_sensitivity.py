"""Which layers stay in float."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from exporter.distance import Distance, Distances
from exporter.proof import ProofError
from exporter.sensitivity import Trials, layers_to_keep

PARTS = ("body", "left_hand", "right_hand", "face")


def test_layers_that_are_known_to_be_sensitive_come_first_also_beside_a_graph_without_any() -> None:
    body, pose = SimpleNamespace(layers=("a", "b", "c"), heads=("c",)), SimpleNamespace(layers=(), heads=())
    unused: Any = None
    quantisers: Any = {"pose": pose, "body": body}
    trials = Trials(quantisers, unused, unused, unused, unused, unused)
    assert [layer for _, layer in trials.layers] == ["a", "c", "b"]


class Costs:
    """Trials whose layers each cost so many millimetres at the left hand."""

    def __init__(self, costs: dict[str, float]) -> None:
        self.costs = costs
        self.layers = [("body", layer) for layer in costs]

    def distances(self, kept: Any) -> Distances:
        return self._apart(sum(cost for layer, cost in self.costs.items() if ("body", layer) not in set(kept)))

    def alone(self, _graph: str, layer: str) -> Distances:
        return self._apart(self.costs[layer])

    def _apart(self, mm: float) -> Distances:
        none = Distance(0.0, 0.0)
        parts = {part: Distance(mm, mm) if part == "left_hand" else none for part in PARTS}
        return Distances(parts, none)


def kept_of(costs: dict[str, float], seconds: float = 60) -> list[str]:
    trials: Any = Costs(costs)
    return [layer for _, layer in layers_to_keep(trials, 3.0, seconds)[0]]


SMALL = {f"small{number}": 0.1 for number in range(12)}


def test_nothing_is_kept_where_all_is_within_the_limit() -> None:
    assert kept_of(SMALL) == []


def test_as_few_are_kept_as_will_do_costliest_first() -> None:
    assert kept_of({**SMALL, "b": 3.0, "a": 5.0, "c": 2.5, "d": 0.2}) == ["a", "b", "c"]


def test_up_to_half_of_all_are_kept_if_they_will_do() -> None:
    costly = {f"large{number}": 2.0 for number in range(7)}
    assert kept_of({**costly, **{f"none{number}": 0.0 for number in range(7)}}) == list(costly)[:6]


def test_layers_that_there_was_no_time_for_come_last() -> None:
    assert kept_of({"first": 4.0, "second": 0.1, "third": 0.2, "fourth": 0.2}, seconds=-1) == ["first"]


def test_past_the_limit_it_says_which_layers_to_keep() -> None:
    with pytest.raises(ProofError, match=r"at the left hand, allowed 3.*costliest first, body a, body b.*--fp16"):
        kept_of({"b": 5.0, "a": 6.0, "c": 4.0, "d": 4.0})
