"""News of meshes come by frame, and not sooner than they may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.following.meshes import Meshes
from app.frame import Box, Confidence, Frame
from tests.app.following.stage import SIZE_WH, mesh

_BOX = Box((100.0, 20.0, 160.0, 170.0), 0.9)


def _frame(index: int) -> Frame:
    return Frame(index, index / 30, np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8), 0.0)


def test_with_a_lag_news_are_of_that_many_frames_ago_whatever_has_arrived() -> None:
    meshes, told = Meshes(2), []
    for index in range(5):
        told.append(sorted(meshes.known()))
        meshes.asked(_frame(index), {index + 1: _BOX})
        meshes.arrived(_frame(index), (mesh(index + 1, _BOX),))
    assert told == [[], [], [1], [2], [3]]


def test_live_the_newest_news_are_told_once() -> None:
    meshes = Meshes(None)
    for index in range(3):
        meshes.asked(_frame(index), {index + 1: _BOX})
    assert meshes.known() == {}
    meshes.arrived(_frame(0), (mesh(1, _BOX),))
    meshes.arrived(_frame(1), (mesh(2, _BOX),))
    assert list(meshes.known()) == [2]
    assert meshes.known() == {}  # nor is what is older
    assert 2 not in meshes.known()


@pytest.mark.parametrize(
    ("other", "confidence", "agrees"),
    [
        # Where the box is; beside it; there, but nobody.
        (_BOX, 0.9, True),
        (Box((200.0, 20.0, 260.0, 170.0), 1.0), 0.9, False),
        (_BOX, 0.1, False),
    ],
)
def test_a_mesh_agrees_where_its_box_was(other: Box, confidence: float, agrees: bool) -> None:
    meshes = Meshes(1)
    meshes.asked(_frame(0), {1: _BOX})
    sure = Confidence(confidence, 1.0, 1.0, 1.0)
    meshes.arrived(_frame(0), (replace(mesh(1, other), confidence=sure),))
    assert meshes.known()[1].agrees is agrees


def test_meshes_of_before_a_cut_or_that_nobody_asked_for_are_no_news() -> None:
    meshes = Meshes(1)
    meshes.arrived(_frame(7), (mesh(1, _BOX),))
    meshes.asked(_frame(8), {1: _BOX})
    meshes.arrived(_frame(8), (mesh(1, _BOX), mesh(2, _BOX)))
    meshes.forget()
    assert meshes.known() == {}
