"""Who is followed, and that they stay who they are: through gaps, cuts and crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from app.detectors.detector import SURE
from app.following.follower import Follower
from app.frame import Box, Frame, Person
from tests.app.following.stage import (
    Figure,
    Image,
    Seen,
    Shot,
    Stand,
    background,
    figure,
    filmed,
    followed,
    ids,
    mesh,
    scene,
)

Rng = np.random.Generator


def _gaps(seen: Sequence[Seen], name: str) -> list[int]:
    """Runs of frames in which someone could be seen and was not shown."""
    runs = [0]
    for one in seen:
        if name in one.truth and name not in one.who():
            runs[-1] += 1
        elif runs[-1]:
            runs.append(0)
    return [run for run in runs if run]


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_someone_walking_is_one_person_who_begins_once(fps: int) -> None:
    rng, one = scene()
    behind = background(rng)
    shots = [(behind, {"a": replace(one, x=160 + 80 * np.sin(2 * k / fps))}) for k in range(3 * fps)]
    detector = Stand(rng)
    seen = followed(shots, detector, fps=fps)
    assert ids(seen, "a") == {1}
    assert _gaps(seen, "a") == []
    assert [track.begins for frame in seen for track in frame.tracks] == [True] + [False] * (3 * fps - 1)
    assert np.mean([frame.who()["a"].box.overlap(frame.truth["a"]) for frame in seen]) > 0.85
    assert detector.looks <= 0.6 * len(seen)


@pytest.mark.parametrize("fps", [0.1, 0.5, 0.9])
def test_people_in_frames_that_are_seconds_apart_go_on_and_newcomers_are_shown(fps: float) -> None:
    for seed in range(4):
        rng, one = scene(seed)
        other = Figure(figure(rng), 270, 170, 60)
        behind = background(rng)
        shots: list[Shot] = [
            (behind, {"a": replace(one, x=80 + 5 * k), **({"b": other} if k >= 6 else {})}) for k in range(14)
        ]
        seen = followed(shots, Stand(rng), people=2, fps=fps)
        assert [sorted(track.track_id for track in frame.tracks) for frame in seen] == [[1]] * 7 + [[1, 2]] * 7
        begins = [[track.track_id for track in frame.tracks if track.begins] for frame in seen]
        assert begins == [[1], [1], [], [], [], [], [], [2], *[[]] * 6], "the second frame may come after a pause"


def test_boxes_between_the_detectors_looks_are_better_than_the_last_one() -> None:
    rng, one = scene()
    behind = background(rng)
    shots = [(behind, {"a": replace(one, x=40 + 4 * k)}) for k in range(60)]
    seen = followed(shots, Stand(rng, noise=0.005))
    errors = [abs(frame.tracks[0].box.xyxy_px[0] - frame.truth["a"].xyxy_px[0]) for frame in seen[10:]]
    assert max(errors) < 4  # what it would be a frame late


def test_who_is_gone_is_predicted_for_three_frames_at_most_each_marked() -> None:
    for seed in range(4):
        rng, one = scene(seed)
        behind = background(rng)
        seen = followed([(behind, {"a": one} if k < 20 else {}) for k in range(40)], Stand(rng))
        after = [frame.tracks for frame in seen[20:]]
        shown = [tracks[0] for tracks in after if tracks]
        assert len(shown) <= 3
        assert not any(after[3:])
        assert all(track.missed > 0 for track in shown[1:])


@pytest.mark.parametrize("gone", [8, 90])
def test_who_comes_back_is_known_again_within_five_frames(gone: int) -> None:
    for seed in range(4):
        rng, one = scene(seed)
        behind, there = background(rng), replace(one, x=float(rng.uniform(50, 270)))
        shots: list[Shot] = [*[(behind, {"a": one})] * 20, *[(behind, {})] * gone, *[(behind, {"a": there})] * 20]
        seen = followed(shots, Stand(rng))
        back = [frame for frame in seen[20 + gone :] if frame.tracks]
        assert len(back) >= 16
        assert ids(seen, "a") == {1}
        assert [frame.tracks[0].begins for frame in back] == [True] + [False] * (len(back) - 1)


def test_the_one_held_stays_though_a_larger_one_comes_and_a_stranger_gets_a_new_number() -> None:
    rng, one = scene()
    behind, large = background(rng), Figure(figure(rng), 260, 179, 170)
    shots: list[Shot] = [
        (behind, figures) for figures in ({"a": one}, {"a": one, "b": large}, {"b": large}) for _ in range(15)
    ]
    seen = followed(shots, Stand(rng))
    assert [[track.track_id for track in frame.tracks] for frame in seen[:30]] == [[1]] * 30
    assert [track.track_id for track in seen[-1].tracks] == [2]
    assert _gaps(seen[30:], "b") in ([], [1], [2], [3], [4])


def test_the_largest_come_first() -> None:
    rng = np.random.default_rng(3)
    behind = background(rng)
    crowd = {name: Figure(figure(rng), x, 175, h) for name, x, h in (("a", 60, 80), ("b", 160, 150), ("c", 260, 110))}
    for people, names in ((1, "b"), (2, "bc"), (3, "bca"), (4, "bca")):
        seen = followed([(behind, crowd)] * 6, Stand(rng), people=people)
        assert {name: track.track_id for name, track in seen[-1].who().items()} == {
            n: k + 1 for k, n in enumerate(names)
        }


def test_one_false_alarm_in_a_take_is_not_believed() -> None:
    rng = np.random.default_rng(0)
    behind, detector = background(rng), Stand(rng)
    follower = Follower(detector, 2, 3)
    here, alarm = Box((145.0, 60.0, 175.0, 170.0), 0.9), Box((20.0, 20.0, 60.0, 120.0), 0.9)
    shown = []
    for index in range(30):
        detector.truth = (here, alarm) if index == 12 else (here,)
        shown.append(follower.tracks(Frame(index, index / 30, behind, 0.0), cut=False))
    assert all([track.track_id for track in tracks] == [1] for tracks in shown)


def test_the_same_file_gives_the_same_boxes_whenever_meshes_arrive() -> None:
    """Meshes reach the follower at once, or as late as a lossless pipeline lets them."""

    def boxes(delay: int) -> list[tuple[int, Box]]:
        rng = np.random.default_rng(5)
        behind, detector = background(rng), Stand(rng, miss=0.2)
        follower = Follower(detector, 1, 3)
        late: list[tuple[Frame, tuple[Person, ...]]] = []
        shown: list[tuple[int, Box]] = []
        for index in range(60):
            detector.truth = (Box((100.0 + index, 60.0, 140.0 + index, 170.0), 1.0),)
            frame = Frame(index, index / 30, behind, 0.0)
            while len(late) >= delay:
                follower.seen(*late.pop(0))
            tracks = follower.tracks(frame, cut=False)
            late.append((frame, tuple(mesh(track.track_id, track.box) for track in tracks)))
            shown += [(track.track_id, track.box) for track in tracks]
        return shown

    first = boxes(1)
    assert len(first) > 40
    assert boxes(2) == boxes(3) == first


def test_a_mesh_and_a_look_hold_whom_the_detector_misses_for_a_second() -> None:
    rng, one = scene()
    behind, detector = background(rng), Stand(rng)
    image, truth = filmed(behind, {"a": one})
    follower, shown = Follower(detector, 1, 1), []
    for index in range(90):
        detector.truth = tuple(truth.values()) if index < 15 else ()
        frame = Frame(index, index / 30, image, 0.0)
        tracks = follower.tracks(frame, cut=False)
        follower.seen(frame, tuple(mesh(track.track_id, track.box) for track in tracks))
        shown.append(tracks)
    assert all(tracks and not tracks[0].missed for tracks in shown[:40])
    assert not any(shown[55:])


def test_someone_whom_the_detector_doubts_goes_on_and_nobody_comes_of_doubt() -> None:
    rng, one = scene()
    image, truth = filmed(background(rng), {"a": one})
    detector = Stand(rng)
    follower, shown = Follower(detector, 2, 3), []
    for index in range(60):
        detector.doubt = 1.0 if index < 15 else 0.4
        alarm = (Box((20.0, 20.0, 60.0, 120.0), 0.9),) if index > 20 else ()
        detector.truth = (*truth.values(), *alarm)
        shown.append(follower.tracks(Frame(index, index / 30, image, 0.0), cut=False))
    assert all([(track.track_id, track.missed) for track in tracks] == [(1, 0)] for tracks in shown)


@pytest.mark.parametrize(("people", "shown"), [(1, 1), (2, 2), (3, 2)])
def test_in_a_new_scene_places_asked_for_are_filled_with_who_is_likely(people: int, shown: int) -> None:
    rng = np.random.default_rng(4)
    behind = background(rng)
    figures = {name: Figure(figure(rng), x, 170, 120) for name, x in (("a", 60), ("b", 160), ("c", 260))}
    image, truth = filmed(behind, figures)
    scores = {"a": 0.45, "b": 0.32, "c": 0.25}

    class Unsure(Stand):
        def detect(self, rgb: Image, least: float = SURE) -> tuple[Box, ...]:  # noqa: ARG002 - it knows
            boxes = (replace(box, score=scores[name]) for name, box in truth.items())
            return tuple(box for box in boxes if box.score >= least)

    follower = Follower(Unsure(rng), people, 3)
    first, *later = (follower.tracks(Frame(k, k / 30, image, 0.0), cut=False) for k in range(10))
    assert len(first) == shown
    assert all([track.track_id for track in tracks] == [*range(1, shown + 1)] for tracks in later)


@pytest.mark.parametrize("share", [0.5, 0.6, 0.65])
def test_a_part_that_is_found_does_not_make_someone_of_whom_there_is_a_mesh_smaller(share: float) -> None:
    rng, one = scene()
    image, truth = filmed(background(rng), {"a": one})
    detector = Stand(rng)
    x1, y1, x2, y2 = truth["a"].xyxy_px
    half = Box((x1, y1, x2, y1 + share * (y2 - y1)), 1.0)
    follower, shown = Follower(detector, 1, 1), []
    for index in range(120):
        detector.truth = (truth["a"] if index < 15 else half,)
        frame = Frame(index, index / 30, image, 0.0)
        tracks = follower.tracks(frame, cut=False)
        follower.seen(frame, tuple(mesh(track.track_id, truth["a"]) for track in tracks))
        shown.append(tracks)
    assert all(tracks[0].track_id == 1 and not tracks[0].missed for tracks in shown[2:])
    assert all(tracks[0].box.height_px > 0.85 * truth["a"].height_px for tracks in shown[2:])


def test_who_was_lost_in_an_earlier_source_does_not_keep_the_detector_busy() -> None:
    """Time begins again with another source, however long the one before was."""
    rng, one = scene()
    behind, detector = background(rng), Stand(rng)
    image, truth = filmed(behind, {"a": one})
    follower = Follower(detector, 1, 3)
    for index in range(30):
        detector.truth = tuple(truth.values())
        follower.tracks(Frame(index, 600.0 + index / 30, image, 0.0), cut=False)
    others = {name: replace(one, x=x, colours=figure(rng)) for name, x in (("b", 60), ("c", 260))}
    image, truth = filmed(behind, others)
    detector.truth = tuple(truth.values())
    for index in range(120):
        if index == 60:
            detector.looks = 0
        follower.tracks(Frame(index, index / 30, image, 0.0), cut=index == 0)
    assert detector.looks <= 30
