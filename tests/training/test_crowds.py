"""Frames for the detector: boxes bound people, and only people who can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.networks.config import PARTS_STRIDE
from tests.conftest import TINY_DETECTOR
from training import backdrop, crowds
from training.backgrounds import Pool
from training.crowd_parts import IGNORED, NOBODY
from training.crowds import Crowds, boxes_of, collated, crowd
from training.pictures import bounds
from training.store import Store

INPUT_HW = (128, 160)
_BESIDE = np.array((-9.0, -9.0))  # a head outside the frame


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
        monkeypatch.setattr(backdrop, name, lambda *given: given[-1])
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


def test_a_stream_in_batches(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "_POOL", 3)
    stream = iter(Crowds(store_folder, TINY_DETECTOR, 0))
    images, boxes, maps = collated([next(stream) for _ in range(5)])
    assert images.shape == (5, *TINY_DETECTOR.input_hw, 3)
    assert images.dtype == torch.uint8
    assert len(boxes) == 5
    assert all(each.shape[1] == 4 for each in boxes)
    assert maps.shape == (5, TINY_DETECTOR.input_hw[0] // PARTS_STRIDE, TINY_DETECTOR.input_hw[1] // PARTS_STRIDE)
    assert maps.dtype == torch.int8


def test_maps_show_people_and_nothing_before_or_beside_them(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plain(monkeypatch, pool)
    monkeypatch.setattr(crowds, "_COUNTS", ((1.0, 1),))
    for name in ("_with_spectators", "_with_limbs", "_with_things"):
        monkeypatch.setattr(backdrop, name, lambda *given: given[-1])
    shown = 0
    for seed in range(30):
        image, _, found = crowd(np.random.default_rng(seed), store, INPUT_HW, pool)
        middles = image[PARTS_STRIDE // 2 :: PARTS_STRIDE, PARTS_STRIDE // 2 :: PARTS_STRIDE]
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
