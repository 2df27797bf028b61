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
from training.store import Store


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
