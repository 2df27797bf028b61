"""Many frames through the networks at once: the same people, in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from app.batching import Batches, MakeCrops
from app.boxes import Sighting, Track
from app.estimator import Estimates, Estimator
from app.frame import Box
from app.pipeline import run_stages
from models.smplx_body import SmplxBody
from tests.app.batching.counted import ANYWHERE, SIZE_WH, Counting, assert_same, frames, tracker


@pytest.mark.parametrize("causal", [None, "one-euro"])
@pytest.mark.parametrize("at_once", [2, 4, 16])
def test_a_file_gives_the_same_in_batches(
    estimator: Estimator, engines: dict[str, Counting], body: SmplxBody, at_once: int, causal: str | None
) -> None:
    expected = list(tracker(estimator, body, 1, causal).tracks(frames(11)))
    before = len(engines["hand"].batches)
    found = list(tracker(estimator, body, at_once, causal).tracks(frames(11)))
    assert_same(found, expected)
    batches = engines["hand"].batches[before:]
    assert batches == {2: [2, 2, 2, 2, 2, 1], 4: [4, 4, 4], 16: [16]}[at_once]
    joints = np.stack([result.people[0].joints_m for result in found])
    assert np.ptp(joints, axis=0).max() > 0.02  # frames differ, so that an exchanged one would show


def test_a_cut_within_a_batch_stays_where_it_is(estimator: Estimator, body: SmplxBody) -> None:
    expected = list(tracker(estimator, body, 1).tracks(frames(12, cut_at=6)))
    found = list(tracker(estimator, body, 8).tracks(frames(12, cut_at=6)))
    assert_same(found, expected)
    whole = list(tracker(estimator, body, 8).tracks(frames(12)))
    assert np.abs(whole[5].people[0].joints_m - found[5].people[0].joints_m).max() > 1e-4  # or else it says nothing


def test_the_plain_loop_and_the_stages_agree(estimator: Estimator, body: SmplxBody) -> None:
    one = tracker(estimator, body, 4)
    assert len(list(run_stages(one.stages, frames(6)))) == 6


def test_one_frame_at_a_time_is_as_ever(estimator: Estimator, engines: dict[str, Counting], body: SmplxBody) -> None:
    for at_once in (1, 8):
        one = tracker(estimator, body, at_once)
        for frame in frames(2):
            assert len(one.track(frame).people) == 1
    assert set(engines["body"].batches) == {1}


# The stage by itself


def sightings(counts: Sequence[int]) -> list[Sighting]:
    """Frames with so many people in them, and in each somebody of whom nothing is in the frame."""
    outside = Track(9, Box((300.0, 10.0, 400.0, 100.0), 1.0), begins=False)
    return [
        Sighting(frame, (*(Track(k + 1, ANYWHERE[k], begins=False) for k in range(count)), outside))
        for frame, count in zip(frames(len(counts)), counts, strict=True)
    ]


def batched(estimator: Estimator, people: int, given: Sequence[Sighting], **settings: int) -> list[Estimates]:
    crop, batches = MakeCrops(estimator.body), Batches(estimator.body, estimator.parts, people, **settings)
    return [done for one in given for done in batches(crop(one))] + list(batches.flush())


@pytest.mark.parametrize("people", [2, 4])
@pytest.mark.parametrize("counts", [(1, 0, 3, 2, 0, 3), (0, 0, 1), (0,), (), (3, 3, 3, 3)])
def test_frames_with_any_number_of_people_keep_theirs(
    estimator: Estimator, engines: dict[str, Counting], counts: Sequence[int], people: int
) -> None:
    given = sightings(counts)
    expected = [estimator.parts(estimator.body(one)) for one in given]
    before = len(engines["body"].batches)
    found = batched(estimator, people, given)
    assert [one.frame.index for one in found] == list(range(len(counts)))
    for one, other in zip(found, expected, strict=True):
        assert [person.subject for person in one.people] == [person.subject for person in other.people]
        for person, same in zip(one.people, other.people, strict=True):
            np.testing.assert_allclose(person.params.rot6d, same.params.rot6d, rtol=0, atol=2e-4)
            np.testing.assert_allclose(person.keypoints.hands, same.keypoints.hands, rtol=0, atol=1e-2)
    whole, rest = divmod(sum(counts), people)
    sizes = [people] * whole + ([1 << (rest - 1).bit_length()] if rest else [])
    assert engines["body"].batches[before:] == sizes


def test_frames_come_out_once_their_people_are_known_and_those_of_nobody_at_once(estimator: Estimator) -> None:
    crop, batches = MakeCrops(estimator.body), Batches(estimator.body, estimator.parts, 2)
    out = [[done.frame.index for done in batches(crop(one))] for one in sightings((0, 1, 0, 3, 1, 1))]
    assert out == [[0], [], [], [1, 2, 3], [], [4, 5]]
    assert batches.flush() == ()


def test_large_pictures_do_not_wait_for_a_full_batch(estimator: Estimator, engines: dict[str, Counting]) -> None:
    picture = SIZE_WH[0] * SIZE_WH[1] * 3
    crop, batches = MakeCrops(estimator.body), Batches(estimator.body, estimator.parts, 16, held_bytes=4 * picture)
    out = [len(batches(crop(one))) for one in sightings((1,) * 12)]
    held = np.arange(1, 13) - np.cumsum(out)
    assert held.max() <= 4
    assert set(engines["body"].batches) == {4}
    assert sum(out) + len(batches.flush()) == 12


def test_batches_forget_what_they_hold(estimator: Estimator, body: SmplxBody) -> None:
    made = tracker(estimator, body, 4)
    for _ in made.tracks(frames(11)):
        break
    assert_same(list(made.tracks(frames(6))), list(tracker(estimator, body, 4).tracks(frames(6))))
