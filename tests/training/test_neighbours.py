"""Others in somebody's crop: how many, how large, and where."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training import neighbours
from training.neighbours import _placed, head_px, metre_px
from training.pictures import Matrix, bounds
from training.store import Store

Array = NDArray[np.float64]

SIZE_WH = (144, 192)
MATRIX: Matrix = np.array(((0.6, 0.0, 0.0), (0.0, 0.6, 0.0)))


def test_some_stand_behind_and_some_before(store: Store) -> None:
    person = store.person(0)
    found = [neighbours.neighbours(np.random.default_rng(s), store, person, MATRIX, SIZE_WH) for s in range(80)]
    for sprites in found:
        for sprite in (*sprites[0], *sprites[1]):
            assert sprite.shape == (192, 144, 4)
            assert sprite.dtype == np.uint8
    some_behind, some_before = (np.mean([bool(sprites[side]) for sprites in found]) for side in (0, 1))
    assert 0.3 < some_behind < 0.7
    assert 0.1 < some_before < 0.4
    assert max(len(behind) + len(before) for behind, before in found) > 2


def _asked(store: Store, monkeypatch: pytest.MonkeyPatch, in_rows: float) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Of people beside the first: where their heads are from the first's, in metres (P, 2), how large they are (P,) of
    the first's size in the logarithm, and who is before (P,)."""
    asked = []
    monkeypatch.setattr(neighbours, "IN_ROWS", in_rows)
    monkeypatch.setattr(neighbours, "_placed", lambda *given, **_: asked.append(given[2:4]))
    person, before = store.person(0), []
    for seed in range(60):
        found = neighbours._beside(np.random.default_rng(seed), store, person, MATRIX, SIZE_WH)
        before += [is_before for _, is_before in found]
    metre, head = 0.6 * metre_px(person["pelvis"]), 0.6 * head_px(person["points"])
    places, sizes = np.stack([place for place, _ in asked]), np.array([size for _, size in asked])
    return (places - head) / metre, np.log(sizes / metre), np.array(before)


def test_people_beside_are_as_large_as_the_person(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    away_m, sizes, _ = _asked(store, monkeypatch, 0.0)
    assert np.abs(sizes).max() < 0.4
    assert np.abs(away_m[:, 0]).min() >= 0.25
    assert np.abs(away_m[:, 1]).max() < 0.5
    assert 0.3 < (away_m[:, 0] > 0).mean() < 0.7


def test_in_rows_those_before_are_larger_and_lower(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    away_m, sizes, before = _asked(store, monkeypatch, 1.0)
    assert sizes[before].min() >= 0
    assert sizes[~before].max() <= 0
    assert away_m[before, 1].mean() > 0.1
    assert away_m[~before, 1].mean() < -0.1


def test_a_head_is_where_it_was_asked_for(store: Store) -> None:
    """Of someone a quarter as large as a sprite, whole in the crop."""
    head = np.array((70.0, 60.0))
    sprite = _placed(np.random.default_rng(0), store, head, 20.0, SIZE_WH, ends=0.0)
    box = bounds(sprite[..., 3] > 127)
    assert box is not None
    assert box[0] <= head[0] <= box[2]
    assert box[1] <= head[1] <= box[3]
    assert box[3] - box[1] < 60
