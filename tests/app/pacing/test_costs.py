"""Averages that one slow time does not move."""

from __future__ import annotations

import pytest

from app.pacing.costs import Costs


def test_what_was_never_measured_costs_nothing() -> None:
    costs = Costs()
    assert costs.expected("body") == 0.0
    assert costs.names == ()


def test_the_first_slow_time_counts_until_there_is_another() -> None:
    costs = Costs()
    costs.add("body", 0.5)
    assert costs.expected("body") == 0.5
    costs.add("body", 0.02)
    assert costs.expected("body") == 0.02


def test_a_slow_time_now_and_then_moves_nothing_and_a_lasting_change_is_followed() -> None:
    costs = Costs()
    for k in range(60):
        costs.add("body", 0.3 if k % 5 == 0 else 0.02)
    assert costs.expected("body") == pytest.approx(0.02)
    for _ in range(9):
        costs.add("body", 0.05)
    assert costs.expected("body") == pytest.approx(0.05)
