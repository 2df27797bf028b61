"""Frames for the detector: boxes bound people, and only people who can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import TINY_DETECTOR
from training import crowds
from training.backgrounds import Pool
from training.crowd_parts import CELL_PX, IGNORED, NOBODY, kinds
from training.crowds import Crowds, Point, boxes_of, collated, crowd
from training.neighbours import HEAD_POINTS
from training.parts import PARTS
from training.pictures import Sprite, bounds, over
from training.scene import DENSE_PX
from training.store import Store
from training.targets import BODY_POINTS, Person

INPUT_HW = (128, 160)
_BESIDE = np.array((-9.0, -9.0))  # a head outside the frame


def _person(sprite: Sprite, head: Point = _BESIDE) -> Person:
    """Whose parts are, row by row, those of all numbers."""
    rows, columns = (side // DENSE_PX for side in sprite.shape[:2])
    parts = np.arange(rows).repeat(columns).reshape(rows, columns) % (PARTS + 1)
    return {"body": sprite, "points": np.tile((*head, 0.0), (76, 1)), "body_parts": parts.astype(np.uint8)}


def test_boxes_bound_what_is_seen_of_people() -> None:
    owner = np.full((60, 80), -1, np.int8)
    owner[10:50, 20:40] = 0
    owner[30:60, 35:70] = 1  # nearer
    boxes = boxes_of(owner, [40 * 20, 30 * 35], [np.array((30.0, 12.0)), np.array((50.0, 32.0))])
    assert boxes.dtype == np.float32
    assert boxes.tolist() == [[20, 10, 40, 50], [35, 30, 70, 60]]


@pytest.mark.parametrize(
    ("seen_rows", "boxes"),
    [(40, 1), (16, 1), (12, 0), (0, 0)],  # of forty: 0.4 and 0.3 lie on either side of the limit
)
def test_who_is_mostly_hidden_has_no_box(seen_rows: int, boxes: int) -> None:
    owner = np.full((60, 80), -1, np.int8)
    owner[:seen_rows, 20:40] = 0
    found = boxes_of(owner, [40 * 20], [_BESIDE])
    assert found.shape == (boxes, 4)


def test_who_has_the_head_behind_something_has_no_box() -> None:
    owner = np.full((60, 80), -1, np.int8)
    owner[10:50, 20:40] = 0
    owner[5:20, 15:45] = 1
    heads = [np.array((30.0, 14.0)), np.array((30.0, 10.0))]
    assert boxes_of(owner, [40 * 20, 15 * 30], heads).tolist() == [[15, 5, 45, 20]]
    assert len(boxes_of(owner, [40 * 20, 15 * 30], [np.array((30.0, 40.0)), heads[1]])) == 2


def test_a_point_of_a_sprite_is_followed_into_the_frame() -> None:
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[100:220, 60:160] = 255
    corner = np.array((59.5, 99.5))  # the upper left one's outer edge
    for seed in range(8):
        placed, there, _ = crowds._anywhere(np.random.default_rng(seed), _person(sprite, corner), 60.0, (200, 160))
        found = bounds(placed[..., 3] > 127)
        if found is not None and min(found[:2]) > 0:
            np.testing.assert_allclose(there, np.array(found[:2]) - 0.5, atol=1.1)


def test_the_smallest_have_no_box() -> None:
    owner = np.full((60, 80), -1, np.int8)
    owner[10:40, 20:28] = 0
    assert boxes_of(owner, [30 * 8], [_BESIDE]).shape == (0, 4)


def _plain(monkeypatch: pytest.MonkeyPatch, pool: Pool) -> None:
    """Nothing spoiled, on black."""
    monkeypatch.setattr(crowds, "spoiled", lambda _rng, image, _least: image)
    monkeypatch.setattr(pool, "images", [np.zeros((320, 320, 3), np.uint8)])


def test_boxes_are_around_the_people_in_the_picture(store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    _plain(monkeypatch, pool)
    monkeypatch.setattr(crowds, "_COUNTS", ((1.0, 1),))
    monkeypatch.setattr(crowds, "_hidden", lambda _rng, image, owner: (image, owner))
    for name in ("_with_spectators", "_with_limbs", "_with_things"):
        monkeypatch.setattr(crowds, name, lambda *given: given[-1])
    checked = 0
    for seed in range(30):
        image, boxes, _ = crowd(np.random.default_rng(seed), store, INPUT_HW, pool)
        assert len(boxes) <= 1
        seen = bounds((image != 114).all(-1) & (image > 12).any(-1))
        if len(boxes) and seen is not None:
            np.testing.assert_allclose(boxes[0], seen, atol=3)
            checked += 1
    assert checked > 15


def test_frames_have_the_input_s_size_and_boxes_lie_in_them(store: Store, pool: Pool) -> None:
    counts = []
    for seed in range(40):
        image, boxes, _ = crowd(np.random.default_rng(seed), store, INPUT_HW, pool)
        assert image.shape == (*INPUT_HW, 3)
        assert image.dtype == np.uint8
        assert boxes.dtype == np.float32
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= INPUT_HW[::-1]).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 9).all()
        counts.append(len(boxes))
    assert min(counts) == 0
    assert max(counts) >= 3


def test_a_seed_gives_the_same_frame(store: Store, pool: Pool) -> None:
    one, other = (crowd(np.random.default_rng(9), store, INPUT_HW, pool) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])


def test_a_group_is_side_by_side_and_about_as_far_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "IN_ROWS", 0.0)
    metres = []
    for seed in range(30):
        people, _ = crowds._group(np.random.default_rng(seed), store, 4, (200, 160))
        heads = np.array([someone.head for someone in people])
        metres.append(np.diff(np.sort(heads[:, 0])).mean() / 0.575)  # gaps are 0.25 to 0.9 m
        assert np.ptp(heads[:, 1]) < 0.8 * metres[-1]
    assert min(metres) < 60
    assert max(metres) > 100


def test_in_rows_who_is_drawn_later_stands_before_and_lower(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "IN_ROWS", 1.0)
    lower = []
    for seed in range(60):
        people, _ = crowds._group(np.random.default_rng(seed), store, 4, (200, 160))
        heads = np.array([someone.head for someone in people])
        lower.append((heads[-1, 1] - heads[0, 1]) / np.diff(np.sort(heads[:, 0])).mean())
    assert np.mean(lower) > 0.2


def test_a_table_hides_where_people_of_a_group_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (cut, *_) = np.flatnonzero(store.arrays["body"][: store.written, -1, :, 3].any(-1))
    monkeypatch.setattr(crowds, "_someone", lambda _rng, _store: int(cut))
    tables = 0
    for seed in range(30):
        people, ends = crowds._group(np.random.default_rng(seed), store, 3, (2000, 160))  # all in it
        boxes = [bounds(someone.sprite[..., 3] > 127) for someone in people]
        assert all(box is None or box[3] >= ends - 1 for box in boxes)
        tables += ends < 160
    assert 0 < tables < 30


@pytest.mark.parametrize("size_px", [12.0, 30.0, 70.0, 150.0])
def test_small_people_have_no_dark_edge(size_px: float) -> None:
    """A white person before white cannot be seen, at any size."""
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[61:260, 71:170] = 255
    placed = crowds._anywhere(np.random.default_rng(0), _person(sprite), size_px, (200, 160)).sprite
    assert placed[..., 3].any()
    picture = over(placed, np.full((160, 200, 3), 255, np.uint8))
    assert picture.min() >= 253


def test_people_larger_than_the_frame_are_in_it() -> None:
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[100:180, 40:200] = 255  # lying, so wider than high
    for seed in range(10):
        placed = crowds._anywhere(np.random.default_rng(seed), _person(sprite), 900.0, (90, 160))
        assert placed.sprite[..., 3].any()


def test_shrunk_sprites_stay_in_their_place() -> None:
    sprite = np.zeros((320, 240, 4), np.uint8)
    sprite[64:256, 80:160] = 255
    for scale in (0.9, 0.4, 0.2, 0.1):
        there = crowds._shrunk(sprite, scale, (10.0, 5.0), (240, 320))
        y, x = np.nonzero(there[..., 3])
        weights = there[y, x, 3] / 255
        assert (x * weights).sum() / weights.sum() == pytest.approx(119.5 * scale + 10, abs=0.1)
        assert (y * weights).sum() / weights.sum() == pytest.approx(159.5 * scale + 5, abs=0.1)


def test_a_stream_in_batches(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "_POOL", 3)
    stream = iter(Crowds(store_folder, TINY_DETECTOR, 0))
    images, boxes, maps = collated([next(stream) for _ in range(5)])
    assert images.shape == (5, *TINY_DETECTOR.input_hw, 3)
    assert images.dtype == torch.uint8
    assert len(boxes) == 5
    assert all(each.shape[1] == 4 for each in boxes)
    assert maps.shape == (5, TINY_DETECTOR.input_hw[0] // CELL_PX, TINY_DETECTOR.input_hw[1] // CELL_PX)
    assert maps.dtype == torch.int8


@pytest.mark.parametrize("scale", [0.3, 0.7, 1.0])
def test_what_is_asked_of_a_cell_lies_where_the_sprite_does(scale: float) -> None:
    sprite = np.full((320, 240, 4), 255, np.uint8)
    placed = crowds._placed(_person(sprite), scale, np.array((7.0, 11.0)), (260, 340))
    inside = np.zeros((340, 260), bool)
    inside[12 : int(11 + 320 * scale) - 1, 8 : int(7 + 240 * scale) - 1] = True
    rows = np.arange(340)
    part = ((rows - 11 + scale / 2) / (scale * DENSE_PX)).astype(int) % (PARTS + 1)
    wrong = placed.kinds != kinds(part)[:, None]
    assert (wrong & inside).sum() < 0.06 * inside.sum()  # where one part ends, in the middle of a pixel
    assert (placed.kinds[:9] == IGNORED).all()
    assert (placed.kinds[:, -5:] == IGNORED).all()


def test_maps_show_people_and_nothing_before_or_beside_them(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plain(monkeypatch, pool)
    monkeypatch.setattr(crowds, "_COUNTS", ((1.0, 1),))
    for name in ("_with_spectators", "_with_limbs", "_with_things"):
        monkeypatch.setattr(crowds, name, lambda *given: given[-1])
    shown = 0
    for seed in range(30):
        image, _, found = crowd(np.random.default_rng(seed), store, INPUT_HW, pool)
        middles = image[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX]
        dark = (middles < 12).all(-1) | (middles == 114).all(-1)
        body = (found != NOBODY) & (found != IGNORED)
        shown += body.any()
        assert (dark & body).sum() <= 0.2 * body.sum() + 3  # what they wear may be black
    assert shown > 20


def test_limbs_and_spectators_are_drawn_and_nobody_is_asked_for(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plain(monkeypatch, pool)
    monkeypatch.setattr(crowds, "_COUNTS", ((1.0, 0),))
    monkeypatch.setattr(crowds, "_hidden", lambda _rng, image, owner: (image, owner))
    frames = [crowd(np.random.default_rng(seed), store, INPUT_HW, pool) for seed in range(30)]
    assert not any(len(frame.boxes) for frame in frames)
    drawn = [(frame.image != 114).all(-1) & (frame.image > 12).any(-1) for frame in frames]
    assert 5 < sum(map(np.any, drawn)) < 30
    kinds_found = np.unique(np.concatenate([frame.kinds.ravel() for frame in frames]))
    assert kinds_found.tolist() == [IGNORED, NOBODY]


@pytest.mark.parametrize("drawn", [crowds._with_spectators, crowds._with_limbs])
def test_spectators_and_limbs_are_each_drawn_into_a_copy(drawn, store: Store) -> None:  # type: ignore[no-untyped-def]
    plain = np.zeros((*INPUT_HW, 3), np.uint8)
    found = [drawn(np.random.default_rng(seed), store, plain) for seed in range(10)]
    assert not plain.any()
    assert all(image.shape == plain.shape for image in found)
    assert sum(bool(image.any()) for image in found) > 7


@pytest.mark.parametrize("things", [[], [np.full((30, 20, 4), 255, np.uint8)]], ids=["drawn", "cut out"])
def test_things_are_drawn_into_a_copy_and_some_reach_out_of_it(pool: Pool, things: list[Sprite]) -> None:
    plain = np.zeros((*INPUT_HW, 3), np.uint8)
    found = [crowds._with_things(np.random.default_rng(seed), pool, things, plain) for seed in range(30)]
    assert not plain.any()
    assert sum(bool(image.any()) for image in found) > 20
    assert any(image[0].any() or image[:, 0].any() for image in found)
    assert any(image[-1].any() or image[:, -1].any() for image in found)


def test_a_piece_that_begins_outside_is_cut_there() -> None:
    image, piece = np.zeros((20, 20, 3), np.uint8), np.full((10, 10, 4), 255, np.uint8)
    crowds._paste(image, piece, 10.0, np.array((-4.0, -7.0)))
    crowds._paste(image, piece, 10.0, np.array((-40.0, 5.0)))
    assert image[:3, :6].all()
    assert image.astype(bool).sum() == 3 * 6 * 3


@pytest.mark.parametrize("side", [1, 3])
def test_people_asked_for_have_a_head_and_more(store: Store, side: int) -> None:
    """Half of them are in a frame that begins, or ends, just below the head."""
    rng = np.random.default_rng(0)
    points, window = store.arrays["points"].copy(), store.arrays["window"].copy()
    cut = np.arange(len(points)) % 2 == 0
    heads = points[:, HEAD_POINTS, 1].max(1)
    window[cut, side] = heads[cut] + 1.0
    below = (points[cut][:, BODY_POINTS, 1] > window[cut, side, None]).sum(1)
    assert ((below >= crowds._LEAST_JOINTS) & (25 - below < crowds._LEAST_JOINTS)).all()  # each misses but one thing
    changed = Store.__new__(Store)
    changed.__dict__.update(store.__dict__)
    changed.arrays = {**store.arrays, "window": window}
    rows = [crowds._someone(rng, changed) for _ in range(40)]
    assert sum(row % 2 == 0 for row in rows) <= 2
