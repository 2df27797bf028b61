"""The stage: everyone's own filter, order, what is held and guarded, and people who are lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.frame import GUARDED, HELD, LEFT_HAND, PREDICTED, Confidence
from app.scene import Placed, Scene
from app.smoothing.limits import ELBOWS, WRISTS
from app.smoothing.motion import ARMS, FINGERS, LEGS
from app.smoothing.settings import LEVELS, SmoothSettings
from app.smoothing.smooth import Smooth
from models.joints import SMPLX_JOINTS
from models.rotations import axis_angle_to_matrix
from tests.app.smoothing.moves import (
    FRAMES,
    MEAN_HANDS,
    SETTINGS,
    angles,
    matrices,
    only,
    placed,
    scene,
    smoothed,
    turned,
    vectors,
    walk,
)

each = pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: s.causal or "zero-phase")


def same(a: list[Scene], b: list[Scene]) -> bool:
    return all(
        np.array_equal(p.params.rot6d, q.params.rot6d)
        and np.array_equal(p.params.translation_m, q.params.translation_m)
        for p, q in zip(only(a), only(b), strict=True)
    )


@each
def test_every_frame_comes_out_once_and_in_order(settings: SmoothSettings) -> None:
    people = walk()
    scenes = [scene(k, *((person,) if k % 20 < 12 else ())) for k, person in enumerate(people)]
    assert [out.frame.index for out in smoothed(settings, scenes)] == list(range(FRAMES))


@each
def test_a_steady_level_is_calmer_than_a_responsive_one(settings: SmoothSettings) -> None:
    rng = np.random.default_rng(0)
    scenes = [scene(k, placed(vectors(0) + rng.normal(0, 0.05, (53, 3)), begins=k == 0)) for k in range(FRAMES)]

    def shaking(level: str) -> float:
        outs = only(smoothed(replace(settings, level=level), scenes))
        return float(np.mean([angles(matrices(a), matrices(b)).mean() for a, b in pairwise(outs[20:])]))

    steady, balanced, responsive = map(shaking, LEVELS[:3])
    raw = float(np.mean([angles(matrices(a.people[0]), matrices(b.people[0])).mean() for a, b in pairwise(scenes)]))
    assert steady < balanced < responsive < raw


@each
def test_reset_equals_new(settings: SmoothSettings) -> None:
    scenes = [scene(k, person) for k, person in enumerate(walk())]
    smooth = Smooth(settings, MEAN_HANDS)
    for other in [scene(k, person) for k, person in enumerate(walk(seed=9))][:17]:
        smooth(other)
    smooth.reset()
    outs = [out for one in scenes for out in smooth(one)] + list(smooth.flush())
    assert same(outs, smoothed(settings, scenes))


@each
def test_people_do_not_disturb_one_another(settings: SmoothSettings) -> None:
    first, second = walk(0), [replace(person, track=replace(person.track, track_id=7)) for person in walk(1)]
    together = smoothed(settings, [scene(k, b, a) for k, (a, b) in enumerate(zip(first, second, strict=True))])
    assert [[one.track.track_id for one in out.people] for out in together] == [[1, 7]] * FRAMES
    alone = smoothed(settings, [scene(k, a) for k, a in enumerate(first)])
    assert same([Scene(out.frame, out.people[:1]) for out in together], alone)


@each
@pytest.mark.parametrize("overtaken", [0, 1, 5])
def test_nothing_glides_where_a_track_begins_anew(settings: SmoothSettings, overtaken: int) -> None:
    """As if there had been nothing before it, also where the first frames of the new epoch never arrive."""
    before, after = walk(0)[:30], walk(3, epoch=1)
    later = [scene(k + 30, person) for k, person in enumerate(after)][overtaken:]
    both = smoothed(settings, [scene(k, person) for k, person in enumerate(before)] + later)
    assert same(both[30:], smoothed(settings, later))
    assert same(both[:30], smoothed(settings, [scene(k, person) for k, person in enumerate(before)]))


@each
def test_someone_lost_is_predicted_for_three_frames(settings: SmoothSettings) -> None:
    people = walk()
    outs = smoothed(settings, [scene(k, *((person,) if k < 20 or k >= 40 else ())) for k, person in enumerate(people)])
    assert [len(out.people) for out in outs] == [1] * 23 + [0] * 17 + [1] * 20
    flags = [out.people[0].flags & PREDICTED for out in outs if out.people]
    assert flags == [0] * 20 + [PREDICTED] * 3 + [0] * 20
    last, predicted = outs[19].people[0], outs[22].people[0]
    assert angles(matrices(last), matrices(predicted)).max() < 0.3
    assert np.linalg.norm(predicted.joints_m[0] - people[22].joints_m[0]) < 0.1
    assert predicted.confidence.body < 0.2


@each
@pytest.mark.parametrize("then", [[], ["other"]])
def test_nobody_is_predicted_over_a_cut(settings: SmoothSettings, then: list[str]) -> None:
    people = walk()
    other = [placed(vectors(3), track_id=2)] if then else []
    scenes = [scene(k, *([person] if k < 20 else other), shot=int(k >= 20)) for k, person in enumerate(people)]
    shown = [[one.track.track_id for one in out.people] for out in smoothed(settings, scenes)]
    assert shown == [[1]] * 20 + [[one.track.track_id for one in other]] * (FRAMES - 20)


@each
@pytest.mark.parametrize("pause_s", [1.0, 60.0, 3600.0])
def test_a_prediction_goes_no_farther_for_a_long_pause(settings: SmoothSettings, pause_s: float) -> None:
    rng = np.random.default_rng(0)
    depths_m = 3.0 * np.exp(rng.normal(0, 0.02, 30))
    scenes = [scene(k, placed(vectors(0), pelvis_m=(0.0, 0.0, z))) for k, z in enumerate(depths_m)]
    late = scene(30)
    scenes.append(replace(late, frame=replace(late.frame, time_s=late.frame.time_s + pause_s)))
    (predicted,) = smoothed(settings, scenes)[-1].people
    assert 2.0 < predicted.joints_m[0, 2] < 4.5


@each
def test_a_box_that_is_only_predicted_is_not_looked_at(settings: SmoothSettings) -> None:
    """What the networks make of it is not the person."""
    people = walk()
    nonsense = placed(np.random.default_rng(1).normal(0, 1, (53, 3)), missed=1, pelvis_m=(5.0, 1.0, 9.0))
    outs = only(smoothed(settings, [scene(k, nonsense if 20 <= k < 22 else one) for k, one in enumerate(people)]))
    assert [bool(one.flags & PREDICTED) for one in outs] == [20 <= k < 22 for k in range(FRAMES)]
    clean = only(smoothed(settings, [scene(k, one) for k, one in enumerate(people)]))
    for out, expected in zip(outs, clean, strict=True):
        assert angles(matrices(out), matrices(expected)).max() < 0.3
        assert np.linalg.norm(out.joints_m[0] - expected.joints_m[0]) < 0.1


@each
@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_wrists_that_flip_do_not_come_out_and_are_flagged(settings: SmoothSettings, frames: int, axis: int) -> None:
    people = walk()
    half = np.pi * np.eye(3)[axis]
    flipped = set(range(30, 30 + frames))
    given = [turned(one, WRISTS, half) if k in flipped else one for k, one in enumerate(people)]
    outs = only(smoothed(settings, [scene(k, one) for k, one in enumerate(given)]))
    clean = only(smoothed(settings, [scene(k, one) for k, one in enumerate(people)]))
    for k, (out, expected) in enumerate(zip(outs, clean, strict=True)):
        assert angles(matrices(out), matrices(expected)).max() < np.radians(25)
        assert bool(out.flags & GUARDED) == (k in flipped)


@each
def test_a_turn_that_lasts_is_believed_in_the_end(settings: SmoothSettings) -> None:
    people = walk()
    given = [turned(one, [0], np.array((0, np.pi, 0))) if k >= 20 else one for k, one in enumerate(people)]
    outs = only(smoothed(settings, [scene(k, one) for k, one in enumerate(given)]))
    assert angles(matrices(outs[-1]), matrices(given[-1]))[0] < 0.2
    if settings.causal:  # who looks ahead may begin to turn before
        assert angles(matrices(outs[22]), matrices(people[22]))[0] < 0.3


@each
@pytest.mark.parametrize("limbs", ["arms", "legs"])
def test_limbs_that_change_sides_for_two_frames_are_held(settings: SmoothSettings, limbs: str) -> None:
    people = walk()
    names, rows = (("elbow", "wrist"), ARMS + FINGERS) if limbs == "arms" else (("knee", "ankle"), LEGS)
    pairs = [[SMPLX_JOINTS.index(f"{side}_{name}") for side in ("left", "right")] for name in names]
    rng = np.random.default_rng(0)

    def swapped(person: Placed) -> Placed:
        joints_m = person.joints_m.copy()
        for pair in pairs:
            joints_m[pair] = joints_m[pair[::-1]]
        return turned(replace(person, joints_m=joints_m), rows, rng.normal(0, 0.2, 3) + 0.5)

    # Both legs together are not far enough apart to tell; a stride is.
    def strode(person: Placed) -> Placed:
        joints_m = person.joints_m.copy()
        for pair in pairs:
            joints_m[pair, 2] += (0.3, -0.3)
        return replace(person, joints_m=joints_m)

    people = [strode(one) for one in people]
    given = [swapped(one) if k in (30, 31) else one for k, one in enumerate(people)]
    outs = only(smoothed(settings, [scene(k, one) for k, one in enumerate(given)]))
    clean = only(smoothed(settings, [scene(k, one) for k, one in enumerate(people)]))
    for k, (out, expected) in enumerate(zip(outs, clean, strict=True)):
        assert angles(matrices(out), matrices(expected)).max() < np.radians(20)
        assert bool(out.flags & GUARDED) == (k in (30, 31))


@each
def test_a_hand_that_is_not_seen_is_held_and_then_relaxes(settings: SmoothSettings) -> None:
    unseen = Confidence(0.9, 0.05, 0.9, 0.9)
    people = walk()
    given = [replace(one, confidence=unseen) if k >= 20 else one for k, one in enumerate(people)]
    outs = only(smoothed(settings, [scene(k, one) for k, one in enumerate(given)]))
    assert [bool(one.flags & HELD) for one in outs] == [k >= 20 for k in range(FRAMES)]
    at_ease = axis_angle_to_matrix(MEAN_HANDS[0])
    assert angles(matrices(outs[24])[LEFT_HAND], matrices(people[19])[LEFT_HAND]).max() < 0.25
    assert angles(matrices(outs[-1])[LEFT_HAND], at_ease).max() < 0.1
    assert angles(matrices(outs[-1])[37:52], matrices(people[-1])[37:52]).max() < 0.25


@each
@pytest.mark.parametrize(
    ("axis", "degrees", "allowed"),
    [
        # Pronation and supination, right and left of them; flexion, extension; radial, ulnar deviation, of a left hand.
        (0, 150, (85, 91)),
        (0, -150, (85, 91)),
        (2, -130, (85, 92)),
        (2, 130, (85, 92)),
        (1, -70, (27, 32)),
        (1, 70, (42, 46)),
        # Well inside.
        (0, 60, (59, 61)),
        (2, -60, (59, 61)),
        (1, 25, (24, 26)),
    ],
)
def test_wrists_stay_in_reach(
    settings: SmoothSettings, axis: int, degrees: float, allowed: tuple[float, float]
) -> None:
    rotations = np.zeros((53, 3))
    rotations[WRISTS[0], axis] = np.radians(degrees)
    rotations[WRISTS[1], axis] = np.radians(degrees) * (1 if axis == 0 else -1)
    outs = only(smoothed(settings, [scene(k, placed(rotations, begins=k == 0)) for k in range(12)]))
    for out in outs:
        found = np.degrees(angles(matrices(out)[WRISTS], np.eye(3)[None]))
        assert (found > allowed[0]).all()
        assert (found < allowed[1]).all()
        assert bool(out.flags & GUARDED) == (abs(degrees) > allowed[1])


def test_the_elbows_twist_counts_for_the_forearms() -> None:
    rotations = np.zeros((53, 3))
    rotations[ELBOWS[0], 0], rotations[WRISTS[0], 0] = np.radians(50), np.radians(70)
    (out,) = only(smoothed(SmoothSettings(), [scene(0, placed(rotations, begins=True))]))
    assert np.degrees(angles(matrices(out)[WRISTS[0]], np.eye(3))) == pytest.approx(86 - 50, abs=1)


def test_depth_is_calmer_and_the_place_in_the_picture_stays() -> None:
    rng = np.random.default_rng(0)
    rays = np.array((0.1, 0.05, 1.0))
    depths = 3.0 + rng.normal(0, 0.1, FRAMES)
    people = [placed(np.zeros((53, 3)), begins=k == 0, pelvis_m=tuple(rays * z)) for k, z in enumerate(depths)]
    for settings in SETTINGS:
        pelvis = np.stack(
            [one.joints_m[0] for one in only(smoothed(settings, [scene(k, p) for k, p in enumerate(people)]))]
        )
        assert np.diff(pelvis[:, 2])[15:].std() < 0.35 * np.diff(depths)[15:].std()
        np.testing.assert_allclose(pelvis[:, :2] / pelvis[:, 2:], np.tile(rays[:2], (FRAMES, 1)), atol=1e-9)


@pytest.mark.parametrize(("what", "value"), [("level", "calm"), ("causal", "median")])
def test_settings_that_are_none_are_refused(what: str, value: str) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        SmoothSettings(**{what: value})  # type: ignore[arg-type]
