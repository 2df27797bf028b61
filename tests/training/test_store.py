"""The ring of drawn people: oldest first to go, whole again when it is opened anew."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from training.command import UnusableError
from training.scene import Sprites
from training.store import _FIELDS, Store


def _some(sprites: Sprites, rows: list[int]) -> Sprites:
    return Sprites(**{field.name: getattr(sprites, field.name)[rows] for field in fields(Sprites)})


def _numbers(store: Store) -> list[float]:
    return [float(value) for value in store.arrays["coefficients"][:, 0]]


def _numbered(sprites: Sprites, first: int, count: int) -> Sprites:
    some = _some(sprites, [0] * count)
    coefficients = some.coefficients.clone()
    coefficients[:, 0] = torch.arange(first, first + count)
    return Sprites(**{**vars(some), "coefficients": coefficients})


def test_fields_are_those_of_sprites(sprites: Sprites, store: Store) -> None:
    assert list(_FIELDS) == [field.name for field in fields(Sprites)]
    for name, value in vars(sprites).items():
        assert store.arrays[name].shape == value.shape
        assert np.array_equal(store.arrays[name], value.numpy())
    assert np.array_equal(store.person(2)["points"], sprites.points[2].numpy())


def test_the_oldest_are_overwritten(tmp_path: Path, sprites: Sprites) -> None:
    store = Store(tmp_path / "store", 5)
    assert store.written == 0
    store.append(_numbered(sprites, 1, 3))
    store.append(_numbered(sprites, 4, 3))
    assert store.written == 6
    assert _numbers(store) == [6, 2, 3, 4, 5]


def test_a_reopened_store_reads_the_same_and_goes_on(tmp_path: Path, sprites: Sprites) -> None:
    first = Store(tmp_path / "store", 5)
    first.append(_numbered(sprites, 1, 4))
    second = Store(tmp_path / "store")
    assert (second.capacity, second.written, _numbers(second)) == (5, 4, [1, 2, 3, 4, 0])
    second.append(_numbered(sprites, 5, 2))
    assert (first.written, _numbers(first)) == (6, [6, 2, 3, 4, 5])  # who has it open sees it


def test_a_capacity_makes_it_anew(tmp_path: Path, sprites: Sprites) -> None:
    Store(tmp_path / "store", 5).append(_numbered(sprites, 1, 4))
    store = Store(tmp_path / "store", 7)
    assert (store.capacity, store.written, _numbers(store)) == (7, 0, [0] * 7)


def test_rows_are_those_that_were_written(tmp_path: Path, sprites: Sprites) -> None:
    store, rng = Store(tmp_path / "store", 100), np.random.default_rng(0)
    store.append(_numbered(sprites, 1, 3))
    assert {store.random_row(rng) for _ in range(100)} == {0, 1, 2}


@pytest.mark.parametrize(("capacity", "spared"), [(140, 64), (4, 2), (1, 0)])
def test_rows_that_come_next_are_spared_in_a_full_store(
    tmp_path: Path, sprites: Sprites, capacity: int, spared: int
) -> None:
    store, rng = Store(tmp_path / "store", capacity), np.random.default_rng(0)
    for _ in range(0, capacity + 1, 10):
        store.append(_some(sprites, [0] * min(10, capacity)))
    next_rows = {(store.written + k) % capacity for k in range(spared)}
    assert {store.random_row(rng) for _ in range(2000)} == set(range(capacity)) - next_rows


def test_an_empty_store_has_no_rows(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"empty.*draw_people"):
        Store(tmp_path / "store", 5).random_row(np.random.default_rng(0))


def test_no_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="draw_people --capacity"):
        Store(tmp_path / "store")


def test_a_store_without_a_field_says_to_make_it_anew(tmp_path: Path) -> None:
    Store(tmp_path / "store", 5)
    (tmp_path / "store" / "hand_parts").unlink()
    with pytest.raises(FileNotFoundError, match=r"no hand_parts.*--capacity"):
        Store(tmp_path / "store")


def test_bodies_are_not_learnt_from_faces(tmp_path: Path) -> None:
    Store(tmp_path / "people", 5).expect_people()
    Store(tmp_path / "faces", 5, faces_alone=True)
    with pytest.raises(UnusableError, match="faces alone"):
        Store(tmp_path / "faces").expect_people()
