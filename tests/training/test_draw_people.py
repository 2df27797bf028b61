"""Drawing people into a store."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from training import draw_people as module
from training.command import UnusableError
from training.draw_people import HELD_OUT, TRAINING, draw_people
from training.parts import PARTS
from training.store import Store
from training.views import FACE


def test_so_many_are_drawn_as_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    stores = [Store(tmp_path / name, 4) for name in ("one", "again", "held out")]
    for store, kind in zip(stores, (TRAINING, TRAINING, HELD_OUT), strict=True):
        torch.manual_seed(0)
        draw_people(store, (kind, 5), 3, "cpu")
    assert [store.written for store in stores] == [3, 3, 3]
    one, again, held_out = (store.arrays["rotations"][:3] for store in stores)
    assert np.array_equal(one, again)
    assert not np.isclose(one, held_out).all((1, 2, 3)).any()
    assert np.array_equal(stores[0].arrays["body"], stores[1].arrays["body"])
    assert all(store.arrays["body"][row, ..., 3].any() for store in stores for row in range(3))


def test_a_folder_without_clothes_leaves_the_store_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store", 4)
    draw_people(store, (TRAINING, 5), 2, "cpu")
    arguments = [str(tmp_path / "store"), "--capacity", "4", "--people", "1", "--outfits", str(tmp_path / "none")]
    monkeypatch.setattr(sys, "argv", ["draw_people", *arguments])
    with pytest.raises(UnusableError, match="no clothes and skins"):
        module.main()
    assert Store(tmp_path / "store").written == 2


def test_where_faces_alone_are_drawn_the_rest_stays_empty(tmp_path: Path) -> None:
    faces = Store(tmp_path / "faces", 3, faces_alone=True)
    Store(tmp_path / "people", 3)
    draw_people(faces, (TRAINING, 6), 3, "cpu")
    assert Store(tmp_path / "faces").faces_alone
    assert not Store(tmp_path / "people").faces_alone
    assert not faces.arrays["body"].any()
    assert not faces.arrays["hands"].any()
    assert (faces.arrays["body_parts"] == PARTS).all()
    assert faces.arrays["face"][..., 3].any((1, 2)).all()
    assert (faces.arrays["part_seen"][:, FACE] > 0).any()


def test_faces_are_not_put_among_whole_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path / "store", 4)
    monkeypatch.setattr(sys, "argv", ["draw_people", str(tmp_path / "store"), "--people", "1", "--faces"])
    with pytest.raises(UnusableError, match="whole people"):
        module.main()
