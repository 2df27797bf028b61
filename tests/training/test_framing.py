"""Where pictures and boxes end: beside the person, or at their waist."""

from __future__ import annotations

import numpy as np
import pytest

from training import framing
from training.framing import reframed
from training.pictures import bounds
from training.scene import BODY_WH
from training.store import Store
from training.targets import Person

ROWS = pytest.mark.parametrize("row", range(4))


def _upright() -> Person:
    """Who fills the middle of a sprite and stands straight."""
    body = np.zeros((BODY_WH[1], BODY_WH[0], 4), np.uint8)
    body[40:280, 90:150] = 255
    points = np.zeros((76, 3), np.float32)
    for at, y in ((framing._SHOULDERS, 90), (framing._HIPS, 160), (framing._KNEES, 220)):
        points[at, 1] = y
    everything = np.array((-1e4, -1e4, 1e4, 1e4), np.float32)
    return {"body": body, "points": points, "window": everything, "crop": np.array((120, 160, 225, 300), np.float32)}


@ROWS
def test_nothing_that_is_seen_is_cut_off(row: int, store: Store) -> None:
    person = store.person(row)
    box = bounds(person["body"][..., 3] > 127)
    assert box is not None
    for seed in range(30):
        window, before = reframed(np.random.default_rng(seed), person).person["window"], person["window"]
        moved = window != before
        assert (np.sign(window - np.array(box))[moved] == np.array((-1, -1, 1, 1))[moved]).all()


def test_pictures_often_end_near_a_person() -> None:
    windows = np.stack([reframed(np.random.default_rng(seed), _upright()).person["window"] for seed in range(200)])
    near = np.abs(windows) < 1e3
    assert 0.2 < near.mean() < 0.4
    beyond = (windows - np.array((90, 40, 150, 280))) * (-1, -1, 1, 1) / np.array((60, 240, 60, 240))
    assert beyond[near].min() >= 0
    assert beyond[near].max() < 0.15


def test_some_are_boxed_by_their_upper_part_most_of_them_at_a_table() -> None:
    found = [reframed(np.random.default_rng(seed), _upright()) for seed in range(300)]
    crops, tables = np.stack([each.person["crop"] for each in found]), np.array([each.table_from for each in found])
    upper = crops[:, 3] < 300
    assert 0.15 < upper.mean() < 0.35
    assert not np.isfinite(tables[~upper]).any()
    assert 0.45 < np.isfinite(tables[upper]).mean() < 0.85
    at = np.isfinite(tables)
    ends = crops[at, 1] + crops[at, 3] / 1.25 / 2
    np.testing.assert_allclose(ends, tables[at], atol=1)
    assert 118 <= tables[at].min() <= tables[at].max() < 220


def test_nobody_is_boxed_at_the_waist_who_lies() -> None:
    lying = _upright()
    lying["points"][framing._HIPS, 1] = 60
    crops = [reframed(np.random.default_rng(seed), lying).person["crop"] for seed in range(50)]
    assert all(np.array_equal(crop, lying["crop"]) for crop in crops)


def test_an_empty_sprite_is_left_as_it_is() -> None:
    nobody = {**_upright(), "body": np.zeros((BODY_WH[1], BODY_WH[0], 4), np.uint8)}
    assert reframed(np.random.default_rng(0), nobody) == (nobody, np.inf)
