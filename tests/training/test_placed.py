"""People placed in a frame: sprites, heads and parts in one place, groups side by side."""

from __future__ import annotations

import numpy as np
import pytest

from training import placed
from training.crowd_parts import _KINDS, IGNORED, kinds
from training.neighbours import HEAD_POINTS
from training.parts import PARTS
from training.pictures import Sprite, bounds, over
from training.placed import Point
from training.scene import DENSE_PX
from training.store import Store
from training.targets import BODY_POINTS, Person

_BESIDE = np.array((-9.0, -9.0))  # a head outside the frame


def _person(sprite: Sprite, head: Point = _BESIDE) -> Person:
    """Whose parts are, row by row, those of all numbers."""
    rows, columns = (side // DENSE_PX for side in sprite.shape[:2])
    parts = np.arange(rows).repeat(columns).reshape(rows, columns) % (PARTS + 1)
    return {"body": sprite, "points": np.tile((*head, 0.0), (76, 1)), "body_parts": parts.astype(np.uint8)}


def test_a_point_of_a_sprite_is_followed_into_the_frame() -> None:
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[100:220, 60:160] = 255
    corner = np.array((59.5, 99.5))  # the upper left one's outer edge
    for seed in range(8):
        sprite_there, there, _ = placed._anywhere(
            np.random.default_rng(seed), _person(sprite, corner), 60.0, (200, 160)
        )
        found = bounds(sprite_there[..., 3] > 127)
        if found is not None and min(found[:2]) > 0:
            np.testing.assert_allclose(there, np.array(found[:2]) - 0.5, atol=1.1)


def test_close_up_a_head_is_high_and_nothing_ends_in_the_frame(store: Store) -> None:
    heads = []
    for seed in range(12):
        (someone,) = placed.close_up(np.random.default_rng(seed), store, (200, 160))
        seen = someone.sprite[..., 3] > 127
        heads.append(int((someone.kinds == _KINDS.index("head")).any(1).sum()))
        assert 0 < someone.head[0] < 200
        assert 0 < someone.head[1] < 160 or seen[0].any()
        assert seen.sum() > 0.03 * seen.size
    assert 0.2 * 160 < np.median(heads) < 0.95 * 160


def _heads(seed: int, store: Store) -> tuple[Point, float]:
    """(4, 2) of a group, and the mean gap from one to the next."""
    people, _ = placed.group(np.random.default_rng(seed), store, 4, (200, 160))
    heads = np.array([someone.head for someone in people])
    return heads, float(np.diff(np.sort(heads[:, 0])).mean())


def test_a_group_is_side_by_side_and_about_as_far_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed, "IN_ROWS", 0.0)
    metres = []
    for seed in range(30):
        heads, gap = _heads(seed, store)
        metres.append(gap / 0.575)  # gaps are 0.25 to 0.9 m
        assert np.ptp(heads[:, 1]) < 0.8 * metres[-1]
    assert min(metres) < 60
    assert max(metres) > 100


def test_in_rows_who_is_drawn_later_stands_before_and_lower(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed, "IN_ROWS", 1.0)
    groups = [_heads(seed, store) for seed in range(60)]
    assert np.mean([(heads[-1, 1] - heads[0, 1]) / gap for heads, gap in groups]) > 0.2


def test_a_table_hides_where_people_of_a_group_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (cut, *_) = np.flatnonzero(store.arrays["body"][: store.written, -1, :, 3].any(-1))
    monkeypatch.setattr(placed, "_someone", lambda _rng, _store: int(cut))
    tables = 0
    for seed in range(30):
        people, ends = placed.group(np.random.default_rng(seed), store, 3, (2000, 160))  # all in it
        boxes = [bounds(someone.sprite[..., 3] > 127) for someone in people]
        assert all(box is None or box[3] >= ends - 1 for box in boxes)
        tables += ends < 160
    assert 0 < tables < 30


@pytest.mark.parametrize("size_px", [12.0, 30.0, 70.0, 150.0])
def test_small_people_have_no_dark_edge(size_px: float) -> None:
    """A white person before white cannot be seen, at any size."""
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[61:260, 71:170] = 255
    there = placed._anywhere(np.random.default_rng(0), _person(sprite), size_px, (200, 160)).sprite
    assert there[..., 3].any()
    picture = over(there, np.full((160, 200, 3), 255, np.uint8))
    assert picture.min() >= 253


def test_people_larger_than_the_frame_are_in_it() -> None:
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[100:180, 40:200] = 255  # lying, so wider than high
    for seed in range(10):
        there = placed._anywhere(np.random.default_rng(seed), _person(sprite), 900.0, (90, 160))
        assert there.sprite[..., 3].any()


def test_shrunk_sprites_stay_in_their_place() -> None:
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[64:256, 80:160] = 255
    for scale in (0.9, 0.4, 0.2, 0.1):
        there = placed._shrunk(sprite, scale, (10.0, 5.0), (240, 320))
        y, x = np.nonzero(there[..., 3])
        weights = there[y, x, 3] / 255
        assert (x * weights).sum() / weights.sum() == pytest.approx(119.5 * scale + 10, abs=0.1)
        assert (y * weights).sum() / weights.sum() == pytest.approx(159.5 * scale + 5, abs=0.1)


@pytest.mark.parametrize("scale", [0.3, 0.7, 1.0])
def test_what_is_asked_of_a_cell_lies_where_the_sprite_does(scale: float) -> None:
    sprite = np.full((320, 240, 4), 255, np.uint8)
    there = placed._placed(_person(sprite), scale, np.array((7.0, 11.0)), (260, 340))
    inside = np.zeros((340, 260), bool)
    inside[12 : int(11 + 320 * scale) - 1, 8 : int(7 + 240 * scale) - 1] = True
    rows = np.arange(340)
    part = ((rows - 11 + scale / 2) / (scale * DENSE_PX)).astype(int) % (PARTS + 1)
    wrong = there.kinds != kinds(part)[:, None]
    assert (wrong & inside).sum() < 0.06 * inside.sum()  # where one part ends, in the middle of a pixel
    assert (there.kinds[:9] == IGNORED).all()
    assert (there.kinds[:, -5:] == IGNORED).all()


@pytest.mark.parametrize("side", [1, 3])
def test_people_asked_for_have_a_head_and_more(store: Store, side: int) -> None:
    """Half of them are in a frame that begins, or ends, just below the head."""
    rng = np.random.default_rng(0)
    points, window = store.arrays["points"].copy(), store.arrays["window"].copy()
    cut = np.arange(len(points)) % 2 == 0
    heads = points[:, HEAD_POINTS, 1].max(1)
    window[cut, side] = heads[cut] + 1.0
    below = (points[cut][:, BODY_POINTS, 1] > window[cut, side, None]).sum(1)
    assert ((below >= placed._LEAST_JOINTS) & (25 - below < placed._LEAST_JOINTS)).all()  # each misses but one thing
    changed = Store.__new__(Store)
    changed.__dict__.update(store.__dict__)
    changed.arrays = {**store.arrays, "window": window}
    rows = [placed._someone(rng, changed) for _ in range(40)]
    assert sum(row % 2 == 0 for row in rows) <= 2
