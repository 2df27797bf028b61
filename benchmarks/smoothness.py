"""How steady, how late and how right motions are, on rendered people with exact truth and the networks' own noise.

    python -m benchmarks.smoothness [--model NAME|DIR] [--takes N] [--people N] [--out FILE.json] [--picture FILE.png]

Takes are drawn and tracked once for each bundle and version of the programs that make them, and kept in the temporary
folder. Settings were chosen on the takes of `TUNING`; what is printed is measured on those of `REPORTED`, other people
in other motions. Also printed: the same takes at other rates, wrists that flip, how far placing moves what
is seen, how well confidences hold, what a frame costs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.confidence import BODY, FACE, HAND, probability
from app.frame import GUARDED
from app.load import OPEN_BUNDLE
from app.scene import Scene
from app.smoothing.limits import WRISTS
from app.smoothing.settings import SmoothSettings
from app.smoothing.smooth import Smooth
from benchmarks import chart, command, report
from benchmarks.performances import CAMERA, FPS, SECONDS, SIZE_WH
from benchmarks.steadiness import Steadiness, lag_ms, mean, measured
from benchmarks.takes import Take, take
from benchmarks.variants import Variant, joints_of, only_noise, raw_scenes, run, scenes, true_scenes, variants
from models.rotations import axis_angle_to_matrix, matrix_to_rot6d, rot6d_to_matrix
from models.smplx_body import SmplxBody
from training.calibrate import CHECKED, Cases, cases
from training.evaluate import tracking

TUNING, REPORTED = 1, 2  # seeds of takes
_RATE = 30
_WRIST_JOINTS = (20, 21)


def main() -> None:
    arguments = _arguments()
    with tracking(arguments.model) as parts:
        body = parts.body
        takes = [take(parts, REPORTED, number) for number in range(arguments.takes)]
        strikes = take(parts, REPORTED, 0, strikes=True)
        judged = cases(parts, arguments.people, CHECKED) if arguments.people else {}
    rows = _every(FPS // _RATE)
    raw = [raw_scenes(body, each, rows) for each in takes]
    given = [scenes(body, each, rows) for each in takes]
    true = [true_scenes(body, each, rows) for each in takes]
    truth = [joints_of(body, each) for each in true]
    still = [only_noise(each, real) for each, real in zip(given, true, strict=True)]
    unsmoothed = [joints_of(body, each) for each in raw]
    base = mean([measured(motion, real, _RATE) for motion, real in zip(unsmoothed, truth, strict=True)])
    base_lag_ms = lag_ms(unsmoothed, truth, _RATE)
    hit = true_scenes(body, strikes, rows)

    found: dict[str, dict[str, Any]] = {
        "raw": {**asdict(base), "added_lag_ms": 0.0, "still_jitter": _jitter(body, still), "overshoot": 0.0}
    }
    for variant in variants(body):
        motions = [joints_of(body, run(variant.made, each)) for each in given]
        each = mean([measured(motion, real, _RATE) for motion, real in zip(motions, truth, strict=True)])
        found[variant.name] = {
            **asdict(each),
            "added_lag_ms": lag_ms(motions, truth, _RATE) - base_lag_ms,
            "still_jitter": _jitter(body, [run(variant.made, one) for one in still]),
            "overshoot": _overshoot(joints_of(body, run(variant.made, hit)), joints_of(body, hit)),
        }
    print(_table(found, base))
    others = {
        "rates": _rates(body, takes[:2]),
        "flips": _flips(body, given[0]),
        "camera_px": _reprojection(body, takes, rows),
        "confidence": {name: _reliability(name, some) for name, some in judged.items()},
        "smooth_ms": _milliseconds(body, given[0]),
    }
    for name, value in others.items():
        print(f"\n{name}: {value}")
    if arguments.picture is not None:
        chart.tradeoff(arguments.picture, _families(variants(body), found, base))
    report.write(arguments.out, {"benchmark": "smoothness", "takes": len(takes), "settings": found, **others})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(OPEN_BUNDLE), help="default: the open model")
    parser.add_argument("--takes", type=int, default=6)
    parser.add_argument("--people", type=int, default=300, help="for the confidences; 0 leaves them out")
    report.add_outputs(parser)
    return parser.parse_args()


def _every(step: int) -> NDArray[np.int64]:
    """Rows of a take, each so many after the last."""
    return np.arange(0, int(SECONDS * FPS), step)


def _table(found: dict[str, dict[str, Any]], base: Steadiness) -> str:
    header = [
        "",
        "acceleration error",
        "less",
        "jitter",
        "still",
        "added lag ms",
        "error mm",
        "root on root",
        "overshoot %",
    ]
    lines = []
    for name, each in found.items():
        less = 100 * (1 - each["acceleration_error"] / base.acceleration_error)
        lines.append(
            [
                name,
                f"{each['acceleration_error']:.1f}",
                f"{less:.0f} %",
                f"{each['jitter']:.0f}",
                f"{each['still_jitter']:.0f}",
                f"{each['added_lag_ms']:+.0f}",
                f"{each['error_mm']:.1f}",
                f"{each['relative_mm']:.1f}",
                f"{100 * each['overshoot']:.1f}",
            ]
        )
    return report.table(header, lines)


def _jitter(body: SmplxBody, motions: Sequence[Sequence[Scene]]) -> float:
    """Of people who stand still [m/s^3]."""
    each = [joints_of(body, motion) for motion in motions]
    return mean([measured(points, points, _RATE) for points in each]).jitter


def _overshoot(joints_m: Any, truth_m: Any) -> float:
    """How far wrists go beyond where they ever are, as a share of their range: the most in any direction."""
    wrists, true = joints_m[:, _WRIST_JOINTS], truth_m[:, _WRIST_JOINTS]
    beyond = np.maximum(wrists.max(0) - true.max(0), true.min(0) - wrists.min(0))
    return float((beyond / np.ptp(true, axis=0).max()).max().clip(min=0))


def _rates(body: SmplxBody, takes: Sequence[Take]) -> dict[str, dict[str, float]]:
    """How far smoothed motions of one take at different rates differ: root mean square over joints and moments that all
    have, as a share of the motion's range. Of true motions, and of the networks' estimates."""
    rng = np.random.default_rng(0)
    kept = _every(1)[np.sort(rng.choice(len(_every(1)), int(0.7 * len(_every(1))), replace=False))]
    choices = {"15 fps": _every(4), "30 fps": _every(2), "60 fps": _every(1), "60 fps, 30 % dropped": kept}
    result: dict[str, dict[str, float]] = {}
    for causal in ("one-euro", "kalman", None):
        made = lambda: Smooth(SmoothSettings(causal=causal), body.hand_mean)  # noqa: E731, B023 - used at once
        for kind in ("true", "estimated"):
            differences: dict[str, list[float]] = {}
            for each in takes:
                motions = {}
                for name, rows in choices.items():
                    given = true_scenes(body, each, rows) if kind == "true" else scenes(body, each, rows)
                    motions[name] = dict(zip(rows.tolist(), joints_of(body, run(made, given)), strict=True))
                for name, motion in motions.items():
                    common = sorted(motion.keys() & motions["30 fps"].keys())
                    a, b = (np.stack([m[row] for row in common]) for m in (motion, motions["30 fps"]))
                    span = np.linalg.norm(np.ptp(b, axis=0), axis=-1)
                    apart = np.sqrt(((a - b) ** 2).sum(-1).mean(0))
                    differences.setdefault(name, []).append(float((apart / span).mean()))
            result[f"{causal or 'zero-phase'}, {kind}"] = {
                k: round(100 * statistics.fmean(v), 2) for k, v in differences.items()
            }
    return result


def _flips(body: SmplxBody, given: Sequence[Scene]) -> dict[str, float]:
    """Wrists turned by half a turn for one to three frames, every half second: the largest difference that makes in the
    output [degrees], and the share of such frames that is flagged."""
    half = axis_angle_to_matrix(np.array((np.pi, 0.0, 0.0)))
    flipped, spoiled = set(), []
    for number, scene in enumerate(given):
        person = scene.people[0]
        if number >= 10 and number % 15 < 1 + number // 15 % 3:
            rot6d = np.array(person.params.rot6d, np.float64)
            rot6d[WRISTS] = matrix_to_rot6d(rot6d_to_matrix(rot6d[WRISTS]) @ half)
            person = replace(person, params=replace(person.params, rot6d=rot6d))
            flipped.add(number)
        spoiled.append(Scene(scene.frame, (person,)))
    result = {}
    for causal in ("one-euro", "kalman", None):
        made = lambda: Smooth(SmoothSettings(causal=causal), body.hand_mean)  # noqa: E731, B023 - used at once
        clean, out = run(made, given), run(made, spoiled)
        a, b = (
            np.stack([rot6d_to_matrix(s.people[0].params.rot6d[WRISTS]) for s in motion]) for motion in (clean, out)
        )
        turn = np.degrees(np.arccos(np.clip((np.einsum("twab,twab->tw", a, b) - 1) / 2, -1, 1)))
        name = causal or "zero-phase"
        result[f"{name} most degrees"] = round(float(turn.max()), 1)
        result[f"{name} flagged"] = float(np.mean([bool(out[k].people[0].flags & GUARDED) for k in flipped]))
    return result


def _reprojection(body: SmplxBody, takes: Sequence[Take], rows: NDArray[np.int64]) -> dict[str, float]:
    """Distances [px] of body joints in the frame after placing from where they were before: before their crop's camera,
    or fitted bodies before the take's."""
    distances = []
    for each in takes:
        for estimates, scene in zip(each.estimates(rows), raw_scenes(body, each, rows), strict=True):
            estimate, person = estimates.people[0], scene.people[0]
            before = Scene(scene.frame, (replace(person, params=estimate.params),))
            px = estimate.camera.project(joints_of(body, [before])[0])[:22]
            inside = ((px >= 0) & (px < SIZE_WH)).all(-1)
            distances.append(np.linalg.norm(CAMERA.project(person.joints_m)[:22] - px, axis=-1)[inside])
    every = np.concatenate(distances)
    return {
        "median": round(float(np.median(every)), 2),
        "mean": round(float(every.mean()), 2),
        "p95": round(float(np.percentile(every, 95)), 2),
    }


def _reliability(name: str, some: Cases) -> list[tuple[float, float, int]]:
    """The curve: mean probability, how often it was right, how many cases, for each fifth of the probabilities."""
    weights = {"body": BODY, "hand": HAND, "face": FACE}[name]
    chance = np.array([probability(weights, row) for row in some.evidence])
    bins = np.clip((chance * 5).astype(int), 0, 4)
    return [
        (
            round(float(chance[bins == k].mean()), 2),
            round(float(some.right[bins == k].mean()), 2),
            int((bins == k).sum()),
        )
        for k in range(5)
        if (bins == k).any()
    ]


def _milliseconds(body: SmplxBody, given: Sequence[Scene]) -> dict[str, float]:
    """A frame of one person, the median of all."""
    result = {}
    for causal in ("one-euro", "kalman", None):
        smooth, spent = Smooth(SmoothSettings(causal=causal), body.hand_mean), []
        for scene in given:
            started = time.perf_counter()
            smooth(scene)
            spent.append(time.perf_counter() - started)
        result[causal or "zero-phase"] = round(1e3 * statistics.median(spent), 3)
    return result


def _families(
    every: Sequence[Variant], found: dict[str, dict[str, Any]], base: Steadiness
) -> dict[str, list[tuple[str, float, float]]]:
    families: dict[str, list[tuple[str, float, float]]] = {}
    for variant in every:
        each = found[variant.name]
        point = (variant.name, each["added_lag_ms"], each["acceleration_error"] / base.acceleration_error)
        families.setdefault(variant.family, []).append(point)
    return families


if __name__ == "__main__":
    command.run(main)
