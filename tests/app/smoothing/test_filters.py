"""One Euro, Kalman and zero-phase smoothing of random rotations: laws that hold for any of them, and each one's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter

from app.smoothing import quaternions, settings
from app.smoothing.kalman import Kalman, KalmanConstants
from app.smoothing.motion import Point
from app.smoothing.one_euro import OneEuro, OneEuroConstants
from app.smoothing.zero_phase import Sample, smoothed
from tests.app.smoothing.moves import point, vectors

Run = Callable[[list[tuple[float, Point]]], list[Point]]
_UNITS = 53 + 2
ALL = np.ones(_UNITS, np.bool_)


def one_euro(samples: list[tuple[float, Point]]) -> list[Point]:
    filtered = OneEuro(OneEuroConstants(np.full(_UNITS, 0.08), np.full(_UNITS, 2.0), 0.25))
    return [filtered(*sample, ALL) for sample in samples]


def kalman(samples: list[tuple[float, Point]]) -> list[Point]:
    filtered = Kalman(KalmanConstants(np.full(_UNITS, 0.08), np.full(_UNITS, 2.0)))
    return [filtered(*sample, ALL) for sample in samples]


def zero_phase(samples: list[tuple[float, Point]]) -> list[Point]:
    known = [Sample(time_s, sample, np.ones(_UNITS), ALL) for time_s, sample in samples]
    return [smoothed(known, at, np.full(_UNITS, 0.2)) for at in range(len(known))]


FILTERS: dict[str, Run] = {"one-euro": one_euro, "kalman": kalman, "zero-phase": zero_phase}
CAUSAL = {name: FILTERS[name] for name in ("one-euro", "kalman")}
every = pytest.mark.parametrize("run", FILTERS.values(), ids=FILTERS)


def times(count: int = 60, seed: int = 0) -> np.ndarray:
    """Seconds, of a camera that loses frames."""
    return np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.07, count))


def noisy(seed: int = 0, noise: float = 0.05) -> list[tuple[float, Point]]:
    rng = np.random.default_rng(seed)
    return [
        (t, point(vectors(t, seed) + rng.normal(0, noise, (53, 3)), rng.normal(0, 1, 2)))
        for t in times(seed=seed).tolist()
    ]


def apart(a: Point, b: Point) -> float:
    return float(np.abs(a.to(b)).max())


@every
def test_what_stands_still_stays(run: Run) -> None:
    still = point(np.random.default_rng(0).normal(0, 1, (53, 3)), np.array([3.0, -1.0]))
    assert max(apart(still, out) for out in run([(t, still) for t in times().tolist()])) < 1e-7


@every
def test_turning_the_world_turns_the_result(run: Run) -> None:
    world = quaternions.exponential(np.random.default_rng(1).normal(0, 1, (3, 53)))
    samples = noisy()
    turned = [(t, Point(quaternions.product(world, p.rotations), p.flat)) for t, p in samples]
    for out, expected in zip(run(turned), run(samples), strict=True):
        assert apart(Point(quaternions.product(world, expected.rotations), expected.flat), out) < 1e-7


@every
def test_the_sign_of_a_quaternion_means_nothing(run: Run) -> None:
    samples = noisy()
    signs = np.random.default_rng(2).choice((-1.0, 1.0), (len(samples), 53))
    written = [(t, Point(p.rotations * s, p.flat)) for (t, p), s in zip(samples, signs, strict=True)]
    for out, expected in zip(run(written), run(samples), strict=True):
        assert apart(out, expected) < 1e-7


@every
def test_half_turns_cross_without_a_jump(run: Run) -> None:
    """Past half a turn an axis-angle jumps to the other side; the rotation goes on."""
    spin = np.zeros((53, 3))
    spin[:, 1] = 1.0
    samples = [(t, point(spin * 2.5 * t, np.zeros(2))) for t in times().tolist()]
    lag = [
        np.linalg.norm(out.to(sample)[:, :53], axis=0).max()
        for out, (_, sample) in zip(run(samples), samples, strict=True)
    ]
    assert max(lag) < 2.5 * 0.12


@every
def test_noise_is_reduced(run: Run) -> None:
    rng = np.random.default_rng(3)
    centre = rng.normal(0, 1, (53, 3))
    still = point(centre, np.zeros(2))
    samples = [(t, still.moved(rng.normal(0, 0.03, (3, _UNITS)))) for t in (np.arange(90) / 30).tolist()]
    outs = run(samples)

    def shaking(points: list[Point]) -> float:
        return float(np.mean([np.square(a.to(b)).mean() for a, b in pairwise(points[20:])]) ** 0.5)

    assert shaking(outs) < 0.5 * shaking([sample for _, sample in samples])
    assert np.abs(np.mean([still.to(out) for out in outs[20:]], 0)).max() < 0.03


@every
def test_no_rate_and_no_lost_frame_changes_the_motion(run: Run) -> None:
    """Of one smooth motion, at the moments that all have."""
    rng = np.random.default_rng(0)
    some = np.sort(
        np.concatenate(
            (np.arange(0, 181, 4), rng.choice(np.setdiff1d(np.arange(181), np.arange(0, 181, 4)), 70, False))
        )
    )
    found = {}
    for name, frames in {
        "15": range(0, 181, 4),
        "30": range(0, 181, 2),
        "60": range(181),
        "dropped": some.tolist(),
    }.items():
        outs = run([(k / 60, point(vectors(k / 60), np.array([np.sin(k / 20), 0.0]))) for k in frames])
        by_frame = dict(zip(frames, outs, strict=True))
        found[name] = np.stack([by_frame[0].to(by_frame[k]) for k in range(12, 181, 4)])
    span = np.ptp(found["60"], axis=0)
    for name, motion in found.items():
        moved = span > 0.05
        assert (np.abs(motion - found["60"]).max(0)[moved] / span[moved]).mean() < 0.05, name


@pytest.mark.parametrize("run", CAUSAL.values(), ids=CAUSAL)
def test_causal_filters_know_nothing_of_the_future(run: Run) -> None:
    samples = noisy()
    for out, expected in zip(run(samples[:30]), run(samples), strict=False):
        assert apart(out, expected) < 1e-12


@pytest.mark.parametrize("run", CAUSAL.values(), ids=CAUSAL)
def test_two_samples_of_one_time_are_one(run: Run) -> None:
    first, second = noisy()[:2]
    out = run([first, second, (second[0], first[1])])
    assert apart(out[1], out[2]) < 1e-12


def test_zero_phase_smoothing_does_not_lag() -> None:
    """Backwards in time it does the same."""
    samples = noisy()
    backwards = [(-t, p) for t, p in reversed(samples)]
    for out, expected in zip(reversed(zero_phase(backwards)), zero_phase(samples), strict=True):
        assert apart(out, expected) < 1e-7


def test_zero_phase_smoothing_keeps_parabolas() -> None:
    """Also where frames are lost, and about a fixed axis."""

    def at(t: float) -> Point:
        spin = np.zeros((53, 3))
        spin[:, 2] = 0.3 * t - 0.8 * (t - 1) ** 2
        return point(spin, np.array([t * t, -2.0 * t]))

    samples = [(t, at(t)) for t in times().tolist()]
    for out, (_, sample) in zip(zero_phase(samples), samples, strict=True):
        assert apart(out, sample) < 5e-3


def test_untrusted_samples_count_for_little() -> None:
    samples = [Sample(k / 30, point(np.full((53, 3), 0.1), np.zeros(2)), np.ones(_UNITS), ALL) for k in range(15)]
    off = samples[7].point.moved(np.full((3, _UNITS), 0.5))
    samples[7] = Sample(samples[7].time_s, off, np.full(_UNITS, 0.02), ALL)
    assert apart(samples[0].point, smoothed(samples, 7, np.full(_UNITS, 0.2))) < 0.05


def test_one_euro_lags_a_steady_motion_by_its_time_constant_at_any_rate() -> None:
    for fps in (10, 30, 120):
        filtered = OneEuro(OneEuroConstants(np.full(2, 0.08), np.zeros(2), 0.1))
        for k in range(3 * fps + 1):
            out = filtered(k / fps, point(np.zeros((0, 3)), np.array([k / fps, 0.0])), ALL[:2])
        assert 3.0 - out.flat[0, 0] == pytest.approx(0.08, abs=1e-3)


def test_one_euro_lags_less_the_faster_it_goes() -> None:
    def lag_s(speed: float) -> float:
        filtered = OneEuro(OneEuroConstants(np.full(1, 0.2), np.full(1, 2.0), 0.1))
        for k in range(91):
            out = filtered(k / 30, point(np.zeros((0, 3)), np.array([speed * k / 30])), ALL[:1])
        return 3.0 - float(out.flat[0, 0]) / speed

    assert lag_s(0.01) == pytest.approx(0.2, rel=0.05)
    assert lag_s(10.0) == pytest.approx(1 / 25, rel=0.05)


def test_kalman_agrees_with_filterpy() -> None:
    noise, restless = 0.3, 1.7
    ours = Kalman(KalmanConstants(np.array([noise]), np.array([restless])))
    theirs = KalmanFilter(dim_x=2, dim_z=1)
    theirs.H, theirs.R = np.array([[1.0, 0.0]]), np.array([[noise**2]])
    rng, last = np.random.default_rng(0), None
    for t in times().tolist():
        z = np.sin(3 * t) + rng.normal(0, noise)
        out = float(ours(t, point(np.zeros((0, 3)), np.array([z])), ALL[:1]).flat[0, 0])
        if last is None:
            theirs.x, theirs.P = np.array([[z], [0.0]]), np.diag((noise**2, restless**2))
        else:
            dt = t - last
            theirs.F = np.array([[1.0, dt], [0.0, 1.0]])
            theirs.Q = restless**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
            theirs.predict()
            theirs.update(np.array([[z]]))
        last = t
        assert out == pytest.approx(float(theirs.x[0, 0]), abs=1e-12)


def test_levels_mean_what_they_say() -> None:
    """Steadier is calmer, and slower."""
    rests = [settings.one_euro(level).rest_s for level in ("responsive", "balanced", "steady")]
    assert (np.diff(rests, axis=0) > 0).all()
    restless = [settings.kalman(level).restless for level in ("responsive", "balanced", "steady")]
    assert (np.diff(restless, axis=0) < 0).all()
    reaches = [settings.reach_s(level) for level in ("responsive", "balanced", "steady")]
    assert (np.diff(reaches, axis=0) > 0).all()
    assert reaches[-1].max() < 0.5  # seconds of frames that are held
