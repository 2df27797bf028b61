"""Items that networks learn from: their form, and that pictures and targets were moved together."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.joints import BODY_JOINTS
from models.networks.config import NetworkConfig
from tests.conftest import TINY
from training import batches
from training.backgrounds import Pool
from training.batches import Hands, People, collated, hands_item, item, joints_item
from training.framing import Framed
from training.sizes import NETWORK
from training.store import Store
from training.targets import BODY_POINTS, HAND_POINTS, Arrays, Person, body_targets
from training.views import LEFT, RIGHT

CONFIGS = pytest.mark.parametrize("config", [TINY, NETWORK], ids=["tiny", "open"])


def _items(store: Store, pool: Pool, config: NetworkConfig, count: int = 12) -> list[tuple[int, Arrays]]:
    return [(seed % 4, item(np.random.default_rng(seed), store, seed % 4, pool, config)) for seed in range(count)]


def _as_drawn(_rng: object, person: Person) -> Framed:
    return Framed(person, np.inf)


def _scale_and_shift(source: NDArray[np.float32], target: NDArray[np.float32]) -> tuple[float, NDArray[np.float64]]:
    """How points (P, 2) were moved."""
    scale = float(np.ptp(target[:, 1]) / np.ptp(source[:, 1]))
    return scale, np.asarray((target - scale * source).mean(0), np.float64)


@CONFIGS
def test_items_have_their_shapes(config: NetworkConfig, store: Store, pool: Pool) -> None:
    height, width = config.body_hw
    shapes = {
        **{"body": (height, width, 3), "hands": (2, config.hand_px, config.hand_px, 3)},
        **{"face": (config.face_px, config.face_px, 3), "body_joints": (25, 3), "body_valid": (25,)},
        **{"boxes": (3, 4), "boxes_valid": (3,), "camera": (3,), "body_px": (22, 2), "px_valid": (22,)},
        **{"in_picture": (22,), "projection": (3, 4)},
        **{"hand_joints": (2, 20, 3), "hand_valid": (2,), "face_valid": (), "face_points": (51, 2)},
        **{"rotations": (23, 3, 3), "hand_rotations": (2, 15, 3, 3), "coefficients": (20,)},
        **dict.fromkeys(("body_parts", "body_depths"), tuple(2 * cells for cells in config.body_cells_hw)),
        **dict.fromkeys(("hand_parts", "hand_depths"), (2, 4 * config.hand_cells, 4 * config.hand_cells)),
    }
    for _, found in _items(store, pool, config, 4):
        assert {name: value.shape for name, value in found.items()} == shapes
        for name, value in found.items():
            kinds: dict[str, type] = {"body": np.uint8, "hands": np.uint8, "face": np.uint8}
            kinds |= dict.fromkeys(("body_parts", "hand_parts"), np.int8)
            assert value.dtype == kinds.get(name, np.float32), name
            assert np.isfinite(value).all(), name


def test_a_seed_gives_the_same_item(store: Store, pool: Pool) -> None:
    (_, one), (_, other) = (_items(store, pool, TINY, 1)[0] for _ in range(2))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_crops_are_moved_a_little(store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "reframed", _as_drawn)
    for row, found in _items(store, pool, NETWORK):
        points = store.person(row)["points"][BODY_POINTS, :2]
        scale, shift = _scale_and_shift(points, found["body_joints"][:, :2] * NETWORK.body_backbone.stride)
        np.testing.assert_allclose(
            points * scale + shift, found["body_joints"][:, :2] * NETWORK.body_backbone.stride, atol=0.05
        )
        x, y, _, h = store.person(row)["crop"]
        assert scale * h / NETWORK.body_hw[0] == pytest.approx(1, abs=0.25)
        middle = np.array((x, y)) * scale + shift
        assert np.abs(middle - np.array((72, 96))).max() < 30


def test_it_is_black_outside_the_frame(store: Store, pool: Pool) -> None:
    cut = 0
    for row, found in _items(store, pool, NETWORK, 24):
        person = store.person(row)
        joints = found["body_joints"][:, :2] * NETWORK.body_backbone.stride
        scale, shift = _scale_and_shift(person["points"][BODY_POINTS, :2], joints)
        bottom, right = person["window"][3] * scale + shift[1], person["window"][2] * scale + shift[0]
        image = found["body"]
        if bottom < len(image) - 3:
            assert not image[int(bottom) + 2 :].any()
            assert image[int(bottom) - 1].any()
            cut += 1
        if right < image.shape[1] - 3:
            assert not image[:, int(right) + 2 :].any()
            cut += 1
    assert cut >= 8


def test_left_hands_are_mirrored_with_their_joints(store: Store, pool: Pool) -> None:
    stride, size = NETWORK.hand_backbone.stride, NETWORK.hand_px
    for row, found in _items(store, pool, NETWORK):
        for side in (LEFT, RIGHT):
            px = found["hand_joints"][side, :, :2] * stride
            if side == LEFT:
                px = np.stack((size - 1 - px[:, 0], px[:, 1]), 1)
            points = store.person(row)["hand_points"][side, HAND_POINTS[side]]
            scale, shift = _scale_and_shift(points, px)
            np.testing.assert_allclose(points * scale + shift, px, atol=0.05)
            assert 0.5 < scale * 128 / 1.3 / size < 1.6


def test_hands_in_the_picture_lie_under_their_joints(store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unspoiled and on black: what is not black is the hand."""
    monkeypatch.setattr(batches, "spoiled", lambda _rng, image, _least: image)
    monkeypatch.setattr(pool, "images", [np.zeros((320, 320, 3), np.uint8)])
    on = []
    for _, found in _items(store, pool, NETWORK):
        for side in (LEFT, RIGHT):
            joints = found["hand_joints"][side, [1, 2, 4, 5, 8, 9, 12, 13], :2] * NETWORK.hand_backbone.stride
            x, y = joints.round().astype(int).clip(0, NETWORK.hand_px - 1).T
            if found["hand_valid"][side]:
                on.append(found["hands"][side, y, x].any(-1).mean())
    assert len(on) > 8
    assert np.mean(on) > 0.95


def test_rotations_are_the_person_s(store: Store, pool: Pool) -> None:
    for row, found in _items(store, pool, TINY, 4):
        rotations = store.person(row)["rotations"]
        assert np.array_equal(found["rotations"][1:], rotations[1:23])
        turn = found["rotations"][0] @ rotations[0].T
        assert 0 < np.degrees(Rotation.from_matrix(turn).magnitude()) < 60
        assert np.array_equal(found["hand_rotations"][1, 0], rotations[40])
        assert np.array_equal(found["coefficients"], store.person(row)["coefficients"])


def test_a_stream_comes_again_with_its_seed(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_POOL", 3)
    streams = [iter(People(store_folder, TINY, seed)) for seed in (1, 1, 2)]
    one, again, other = ([next(stream) for _ in range(3)] for stream in streams)
    assert all(np.array_equal(a["body"], b["body"]) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a["body"], b["body"]) for a, b in zip(one, other, strict=True))


def test_one_person_in_two_is_seen_whole_and_comes_first_in_a_batch(
    store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_POOL", 3)
    stream = iter(People(store_folder, TINY, 1))
    people = [next(stream) for _ in range(8)]
    whole = [person for person in people if "face" in person]
    batch = collated(people)
    assert [len(batch[name]) for name in ("face", "hands", "rotations", "boxes")] == [4] * 4
    assert [len(batch[name]) for name in ("body", "body_joints", "body_valid")] == [8] * 3
    assert np.array_equal(batch["body"][:4], np.stack([person["body"] for person in whole]))
    assert np.array_equal(batch["face"], np.stack([person["face"] for person in whole]))


def test_people_of_whom_joints_are_asked_look_as_others(store: Store, pool: Pool) -> None:
    one, other = (make(np.random.default_rng(3), store, 0, pool, TINY) for make in (item, joints_item))
    assert other.keys() == {"body", "body_joints", "body_valid", "body_parts", "body_depths"}
    assert all(np.array_equal(one[name], value) for name, value in other.items())


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_plain_people_are_alone_with_nothing_before_them_and_not_spoiled(
    share: float, store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = {name: Mock(wraps=getattr(batches, name)) for name in ("neighbours", "spoiled")}
    for name, made in watched.items():
        monkeypatch.setattr(batches, name, made)
    monkeypatch.setattr(batches, "reframed", _as_drawn)  # nobody at a table
    monkeypatch.setattr(batches, "_PLAIN", share)
    monkeypatch.setattr(batches, "_HIDDEN", 1.0)
    plain = share == 1.0
    hidden = 0
    for seed in range(20):
        found = joints_item(np.random.default_rng(seed), store, 0, pool, TINY)
        hidden += bool((found["body_valid"] % 1 > 0).any())
    assert [made.call_count for made in watched.values()] == [0 if plain else 20] * 2
    assert (hidden == 0) == plain


def test_people_of_whom_hands_are_asked_look_as_others(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "reframed", _as_drawn)
    # It draws random numbers before the hands do.
    monkeypatch.setattr(batches, "_body", lambda *_: {"sight": np.eye(3, dtype=np.float32)})
    one, other = (make(np.random.default_rng(3), store, 0, pool, TINY) for make in (item, hands_item))
    hands = {"hands", "hand_joints", "hand_valid", "hand_parts", "hand_depths"}
    assert other.keys() == hands | {"rotations", "hand_rotations", "coefficients"}
    assert all(np.array_equal(one[name], value) for name, value in other.items())


def test_of_hands_only_people_come_who_show_one(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([0, 0, 1, 0, 1])
    monkeypatch.setattr(batches, "pool_of", lambda *_: _NoPool())
    monkeypatch.setattr(batches, "hands_item", lambda *_: {"hand_valid": np.array((0, next(seen)))})
    stream = iter(Hands(store_folder, TINY, 0))
    assert [next(stream)["hand_valid"][1] for _ in range(2)] == [1, 1]
    assert not list(seen)


class _NoPool:
    def renew(self, _rng: object) -> None:
        """Nothing to renew."""


def test_the_pelvis_is_the_first_joint_of_both(store: Store, pool: Pool) -> None:
    assert BODY_JOINTS[0] == "Pelvis"
    for _, found in _items(store, pool, NETWORK, 4):
        px = found["body_joints"][0, :2] * NETWORK.body_backbone.stride * 256 / NETWORK.body_hw[0]
        np.testing.assert_allclose(px, found["body_px"][0], atol=1e-2)


def test_roots_are_about_the_line_of_sight_to_the_crop(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As placing turns them when tracking."""
    kept: list[Arrays] = []

    def noted(*arguments: Any) -> Arrays:
        kept.append(body_targets(*arguments))
        return dict(kept[-1])

    monkeypatch.setattr(batches, "body_targets", noted)
    for (row, found), targets in zip(list(_items(store, pool, TINY, 4)), kept, strict=True):
        drawn = store.person(row)["rotations"][0]
        np.testing.assert_allclose(targets["sight"] @ found["rotations"][0], drawn, atol=1e-5)
        assert "sight" not in found


def test_some_hands_are_missed_by_more_than_their_sprite_shows(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of the body's sprite; where they are is told rightly, so that only those count that are in the crop."""
    monkeypatch.setattr(batches, "_FAR_OFF", 1.0)
    size = NETWORK.hand_px
    middles, counted = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = hands_item(rng, store, seed % 4, pool, NETWORK)
        px = found["hand_joints"][..., :2] * size / NETWORK.hand_cells
        inside = ((px > 0) & (px < size)).all(-1).mean(1)
        middles.append(np.linalg.norm(px.mean(1) / size - 0.5, axis=-1))
        counted.append(found["hand_valid"])
        assert not found["hand_valid"][inside <= 0.5].any()
        assert (found["hand_parts"] == -1).all()
    assert np.median(middles) > 0.25
    assert np.max(middles) > 0.7
    assert 0.1 < np.mean(counted) < 0.9


def test_people_from_behind_are_learnt_from_more_often_than_they_are_drawn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotations = store.arrays["rotations"].copy()
    rotations[:, 0] = np.diag((1.0, -1.0, -1.0))  # everyone faces the camera,
    usual = [batches._row(np.random.default_rng(seed), store) for seed in range(40)]
    one = max(set(usual), key=usual.count)
    rotations[one, 0] = np.diag((-1.0, -1.0, 1.0))  # but for one
    changed = Store.__new__(Store)
    changed.__dict__.update(store.__dict__)
    changed.arrays = {**store.arrays, "rotations": rotations}
    shares = []
    for share in (0.0, 0.5):
        monkeypatch.setattr(batches, "_FROM_BEHIND", share)
        rng = np.random.default_rng(0)
        shares.append(np.mean([batches._row(rng, changed) == one for _ in range(300)]))
    assert shares[1] > shares[0] + 0.1
