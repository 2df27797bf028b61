"""Where pictures and boxes end: beside the person, below their shoulders, or at their waist."""

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
    points = np.full((76, 3), 120, np.float32)
    for at, y in ((framing.HEAD_POINTS, 60), (framing._SHOULDERS, 90), (framing._HIPS, 160), (framing._KNEES, 220)):
        points[at, 1] = y
    everything = np.array((-1e4, -1e4, 1e4, 1e4), np.float32)
    return {"body": body, "points": points, "window": everything, "crop": np.array((120, 160, 225, 300), np.float32)}


@pytest.fixture
def from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_CLOSE", 0.0)


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_CLOSE", 1.0)


@ROWS
@pytest.mark.usefixtures("from_afar")
def test_nothing_that_is_seen_is_cut_off(row: int, store: Store) -> None:
    person = store.person(row)
    box = bounds(person["body"][..., 3] > 127)
    assert box is not None
    for seed in range(30):
        window, before = reframed(np.random.default_rng(seed), person).person["window"], person["window"]
        moved = window != before
        assert (np.sign(window - np.array(box))[moved] == np.array((-1, -1, 1, 1))[moved]).all()


@pytest.mark.usefixtures("from_afar")
def test_pictures_often_end_near_a_person() -> None:
    windows = np.stack([reframed(np.random.default_rng(seed), _upright()).person["window"] for seed in range(200)])
    near = np.abs(windows) < 1e3
    assert 0.2 < near.mean() < 0.4
    beyond = (windows - np.array((90, 40, 150, 280))) * (-1, -1, 1, 1) / np.array((60, 240, 60, 240))
    assert beyond[near].min() >= 0
    assert beyond[near].max() < 0.15


@pytest.mark.usefixtures("from_afar")
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


@pytest.mark.usefixtures("close")
def test_close_ones_are_seen_from_head_to_shoulders_or_chest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_LEAST_PX", 40)
    people = [reframed(np.random.default_rng(seed), _upright()).person for seed in range(300)]
    windows, crops = (np.stack([person[name] for person in people]) for name in ("window", "crop"))
    assert 90 <= windows[:, 3].min() < 95
    assert 125 < windows[:, 3].max() <= 90 + 0.6 * 70
    np.testing.assert_allclose(crops[:, 1], (40 + windows[:, 3]) / 2, atol=1)  # from the head's top
    cut = windows[:, 0] > 0
    assert 0.4 < cut.mean() < 0.6
    np.testing.assert_array_equal(cut, windows[:, 2] < BODY_WH[0])
    assert (np.abs(windows[cut][:, (0, 2)] - 120) >= 0.45 * 70 - 1e-3).all()


@pytest.mark.usefixtures("close")
def test_nobody_is_close_who_would_be_too_coarse() -> None:
    small = _upright()
    small["body"][:75] = 0  # so that from the top to the chest there are fewer than 60 pixels
    framed = reframed(np.random.default_rng(0), small)
    assert framed.person["window"][3] > 280


@pytest.mark.usefixtures("close")
def test_what_was_cut_off_stays_so_close_up() -> None:
    cut = {**_upright(), "window": np.array((100, 45, 140, 100), np.float32)}
    for seed in range(30):
        window = reframed(np.random.default_rng(seed), cut).person["window"]
        assert (window[:2] >= (100, 45)).all()
        assert (window[2:] <= (140, 100)).all()


def test_nobody_is_boxed_at_the_waist_who_lies() -> None:
    lying = _upright()
    lying["points"][framing._HIPS, 1] = 60
    crops = [reframed(np.random.default_rng(seed), lying).person["crop"] for seed in range(50)]
    assert all(np.array_equal(crop, lying["crop"]) for crop in crops)


def test_an_empty_sprite_is_left_as_it_is() -> None:
    nobody = {**_upright(), "body": np.zeros((BODY_WH[1], BODY_WH[0], 4), np.uint8)}
    assert reframed(np.random.default_rng(0), nobody) == (nobody, np.inf)
