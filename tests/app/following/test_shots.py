"""Films that go on elsewhere: who was there before is known again, who was not is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from app.following.person import Followed, Found
from app.frame import Box
from tests.app.following.stage import Figure, Shot, Stand, background, figure, followed, ids, scene

Rng = np.random.Generator
_RED, _GREEN, _BLUE, _YELLOW = (200, 30, 30), (30, 180, 60), (30, 30, 200), (225, 215, 60)
_GREY, _WHITE = (90, 90, 90), (235, 235, 235)


def _shots(rng: Rng, colours: dict[str, np.ndarray], count: int = 15) -> Iterator[Shot]:
    """People somewhere in a new place."""
    behind, places = background(rng), rng.permutation([rng.uniform(50, 120), rng.uniform(200, 270)])
    height = rng.uniform(80, 150)
    for _ in range(count):
        yield behind, {name: Figure(c, x, 175, height) for (name, c), x in zip(colours.items(), places, strict=False)}


@pytest.mark.parametrize("names", ["a", "ab"])
def test_nothing_glides_across_a_cut_and_everyone_keeps_their_number(names: str) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        colours = {name: figure(rng) for name in names}
        seen = followed([shot for _ in range(4) for shot in _shots(rng, colours)], Stand(rng), people=2)
        for number, frame in enumerate(seen):
            begins = number % 15 == 0
            assert [track.begins for track in frame.tracks] == [begins] * len(names), (seed, number)
            assert frame.who().keys() == set(names)
            assert all(track.box.overlap(frame.truth[name]) > 0.6 for name, track in frame.who().items())
        assert len({tuple(frame.who()[name].track_id for name in names) for frame in seen}) == 1


@pytest.mark.parametrize(
    ("colours", "empty", "number"),
    [
        # Only the trousers are alike: that may be the light, which changed with the cut, but not a second after it.
        ((_YELLOW, _GREEN, _BLUE), 0, 1),
        ((_YELLOW, _GREEN, _BLUE), 30, 2),
        # Nothing is.
        ((_GREEN, _WHITE, _RED), 0, 2),
    ],
)
def test_whoever_is_left_after_a_cut_is_who_was_before_unless_plainly_a_stranger(
    colours: tuple[tuple[int, int, int], ...], empty: int, number: int
) -> None:
    for seed in range(4):
        rng, one = scene(seed)
        one = replace(one, colours=np.array((_GREY, _RED, _BLUE), np.uint8))
        other = replace(one, colours=np.array(colours, np.uint8), x=90)
        here, there = background(rng), background(rng)
        shots: list[Shot] = [*[(here, {"a": one})] * 20, *[(there, {})] * empty, *[(there, {"b": other})] * 9]
        seen = followed(shots, Stand(rng))
        assert ids(seen, "a") == {1}
        assert ids(seen, "b") == {number}


def test_who_is_lost_with_a_cut_is_so_in_the_frames_after_it() -> None:
    one = Followed(Found(Box((0.0, 0.0, 40.0, 100.0), 0.9), None), 0.0, 0)
    one.lose(0.0)
    one.move_to(1 / 30)
    assert one.lost
    assert not one.present


def test_a_jump_in_the_same_place_restarts_the_person_in_that_frame() -> None:
    for seed in range(4):
        rng, one = scene(seed)
        behind = background(rng)
        shots = [(behind, {"a": replace(one, x=x)}) for x in (80, 220, 120) for _ in range(14)]
        seen = followed(shots, Stand(rng))
        assert ids(seen, "a") == {1}
        assert [k for k, frame in enumerate(seen) if frame.tracks[0].begins] == [0, 14, 28]
        assert all(frame.tracks[0].box.overlap(frame.truth["a"]) > 0.6 for frame in seen)
