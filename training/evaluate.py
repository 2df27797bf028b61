"""How well a bundle tracks: `python -m training.evaluate` on the sample clip, on people held out of training
(`--held-out N`), on annotated photographs (`--annotations FILE.json`)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from app.boxes import BoxPolicy, FixedBox, FollowedBox
from app.detectors.detector import Detector
from app.following.follower import Follower
from app.frame import Box, Frame, Person
from app.load import Loaded, loaded
from app.options import parse
from app.pinhole import Pinhole
from app.smoothing.settings import SmoothSettings
from app.sources.source import open_source
from app.tracker import Tracker
from app.watched_box import WatchedBox
from engines.bundle import DETECTOR, Bundle
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.body_file import OPEN_BODY, read_body_file
from models.joints import BODY_JOINTS
from training.backgrounds import random_background
from training.body.shapes import PELVIS_M
from training.camera_noise import spoiled
from training.command import positive_count, run
from training.draw_people import HELD_OUT
from training.estimates import FOV_DEG, estimates_in, part_overlaps
from training.film import Actor, Film, Filmed
from training.make_sample import SAMPLE
from training.measures import errors_mm, pck
from training.parts import face_vertices, hand_vertices
from training.scene import PersonSampler
from training.targets import BODY_POINTS

Array = NDArray[np.floating[Any]]

_BODY = slice(0, 22)
_PCK_SHARE = 0.2
_SAME_BOX = 0.5  # overlap from which a box is a person's
_LEAST_SEEN = 0.1
_TORSO = {"L_Shoulder", "R_Shoulder", "L_Hip", "R_Hip"}
_ARMS = ("L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist")


class Errors:
    """Of people on the open body, in millimetres."""

    def __init__(self) -> None:
        arrays = read_body_file(OPEN_BODY)
        self._hands, self._face = hand_vertices(arrays), face_vertices(arrays)

    def of(self, vertices_m: Array, joints_m: Array, truth_m: Array, true_joints_m: Array) -> dict[str, float]:
        """All errors of one person: vertices (V, 3), joints (55 or more, 3), in camera axes.

        Bodies are laid on each other by the pelvis, hands by the wrist, faces by the head's joint.
        """
        found: dict[str, float] = {}

        def compare(points: str, of: Array, true: Array, anchor: int) -> None:
            moved, aligned = errors_mm(of, true, joints_m[anchor], true_joints_m[anchor])
            found[points], found[points.replace("MP", "PA-MP")] = moved, aligned

        compare("MPJPE", joints_m[_BODY], true_joints_m[_BODY], 0)
        compare("MPVPE", vertices_m, truth_m, 0)
        for name, part, wrist in (("left hand", self._hands[0], 20), ("right hand", self._hands[1], 21)):
            compare(f"{name} MPVPE", vertices_m[part], truth_m[part], wrist)
        for measure in ("MPVPE", "PA-MPVPE"):
            found[f"hands {measure}"] = (found.pop(f"left hand {measure}") + found.pop(f"right hand {measure}")) / 2
        compare("face MPVPE", vertices_m[self._face], truth_m[self._face], 15)
        return found


@contextmanager
def tracking(model: str | None) -> Iterator[Loaded]:
    """A tracker as `wb-track` would set it up, on the open body, without smoothing."""
    arguments = ["--video", "x", "--out", "x.npz", "--body", str(OPEN_BODY), "--engine", "cpu", "--smooth", "off"]
    with loaded(parse([*arguments, *(("--model", model) if model else ())])) as parts:
        yield parts


@contextmanager
def detection(bundle: Bundle) -> Iterator[Detector | None]:
    """The bundle's own detector, where it has one."""
    path = bundle.graphs.get(DETECTOR)
    if path is None:
        yield None
    else:
        with OnnxRuntimeEngine(path) as engine:
            yield Detector(engine, path)


def on_sample(model: str | None) -> dict[str, float]:
    """Errors on the sample clip, through the tracker's own boxes; `frames` is the share with a person."""
    truth, errors = np.load(SAMPLE.with_suffix(".npz")), Errors()
    rows = []
    with tracking(model) as tracker, open_source(SAMPLE) as source:
        for frame in source:
            people = tracker.tracker.track(frame).people
            if not people:
                continue
            mesh = tracker.body.forward(
                Rotation.from_rotvec(truth["rotations"][frame.index]).as_matrix(),
                truth["betas"],
                truth["expression"][frame.index],
                truth["translation"][frame.index],
            )
            rows.append(errors.of(people[0].vertices_m, people[0].joints_m, mesh.vertices_m, mesh.joints_m))
    return _means(rows) | {"frames": len(rows) / len(truth["rotations"])}


def held_out_frames(count: int, series: int = 0) -> Iterator[Filmed]:
    """Frames of 640 x 480, each with one person whom no training has seen, before a pinhole camera. Another series has
    other people."""
    arrays = read_body_file(OPEN_BODY)
    film, sampler = Film(arrays), PersonSampler(arrays)
    for number in range(count):
        rng = np.random.default_rng((HELD_OUT, series, number))
        focal = 320 / np.tan(np.radians(rng.uniform(45, 78)) / 2)
        person = sampler(rng)
        distance = max(person.distance_m, 0.9)
        aside = rng.uniform(-0.25, 0.25) * distance * 320 / focal
        height = rng.uniform(-0.1, 0.25) if distance > 2 else rng.uniform(0.25, 0.45)
        place = np.array((aside, height, distance)) - PELVIS_M * (0, 1, 0)
        actor = Actor(person.rotations, person.betas, person.expression, place, person.look)
        filmed = film([actor], (focal, focal, 319.5, 239.5), random_background(rng, (640, 480)))
        yield replace(filmed, rgb=spoiled(rng, filmed.rgb, 240))


def on_held_out(model: str | None, count: int) -> dict[str, float]:
    """Errors on held-out people in the boxes of what is seen of them, those left out of whom next to nothing is, of all
    and of those who are whole in the frame; box IoU: of the squares that hands and faces in the frame are cut out by.
    Recall, false alarms and box IoU of the bundle's detector, where it has one."""
    errors, rows, whole = Errors(), [], []
    overlaps: list[Array] = []
    hits: list[float] = []  # overlaps of the detector's boxes
    alarms = 0
    with tracking(model) as tracker, detection(tracker.bundle) as detector:
        for number, filmed in enumerate(held_out_frames(count)):
            if filmed.seen[0] < _LEAST_SEEN:
                continue
            x1, y1, x2, y2 = map(float, filmed.boxes[0])
            frame, box = Frame(number, float(number), filmed.rgb, 0.0), Box((x1, y1, x2, y2), 1.0)
            person = estimated(tracker, frame, box)
            rows.append(errors.of(person.vertices_m, person.joints_m, filmed.vertices_m[0], filmed.joints_m[0]))
            whole += rows[-1:] if filmed.whole[0] else []
            estimates = estimates_in(tracker, frame, box)
            assert estimates is not None, "somebody was estimated in this box"
            overlaps.append(part_overlaps(estimates.people[0], filmed.part_boxes[0], frame.size_wh))
            if detector is not None:
                boxes = detector.detect(filmed.rgb)
                best = max((box.overlap(other) for other in boxes), default=0.0)
                hits += [best] if best >= _SAME_BOX else []
                alarms += len(boxes) - (best >= _SAME_BOX)
    results = {"people": float(len(rows))} | _means(rows) | _means_of_parts(overlaps)
    results |= {f"whole people's {name}": value for name, value in _means(whole).items()}
    if detector is not None and rows:
        results |= {"detector recall": len(hits) / len(rows), "false alarms a frame": alarms / len(rows)}
        results |= {"detector box IoU": float(np.mean(hits or [np.nan]))}
    return results


def _means_of_parts(overlaps: Sequence[Array]) -> dict[str, float]:
    """Of rows (3,): left hand, right hand, face; NaN where a part does not count."""
    hands, face = np.array(overlaps)[:, :2], np.array(overlaps)[:, 2]
    counted = {"hand box IoU": hands[np.isfinite(hands)], "face box IoU": face[np.isfinite(face)]}
    return {name: float(values.mean()) for name, values in counted.items() if len(values)}


def estimated(parts: Loaded, frame: Frame, box: Box) -> Person:
    """The person in a box. Raises ValueError for a box with nothing in the frame."""
    people = _tracker(parts, FixedBox(box)).track(frame).people
    if not people:
        raise ValueError(f"the box {box.xyxy_px} has nothing in the frame, expected one with a person")
    return people[0]


def _tracker(parts: Loaded, policy: BoxPolicy) -> Tracker:
    """As `parts.tracker`, with other boxes."""
    camera_of = partial(Pinhole.from_fov, FOV_DEG)
    off, depth = SmoothSettings("off"), parts.bundle.joint_depth
    return Tracker(policy, parts.tracker.estimator, parts.body, camera_of, off, joint_depth=depth)


def on_annotations(model: str | None, path: Path) -> dict[str, float]:
    """PCK at 0.2 of the torso on annotated pictures: of all people's joints, the found ones' projections. Those who are
    annotated without both shoulders and hips, as before a webcam, are looked for and not counted."""
    hits: dict[str, list[float]] = {}
    not_counted = 0
    with tracking(model) as parts, detection(parts.bundle) as detector:
        for entry in json.loads(path.read_text(encoding="utf-8")):
            image = cv2.imread(str(path.parent / entry["image"]))
            if image is None:
                raise SystemExit(
                    f"{path} names {entry['image']}, expected a picture that can be read; correct the name"
                )
            # A tracker a picture: none may look for the people of the one before.
            tracker = _tracker(parts, _policy(detector, len(entry["people"])))
            people = tracker.track(Frame(0, 0.0, np.ascontiguousarray(image[..., ::-1]), 0.0)).people
            counted = [person["joints"] for person in entry["people"] if person["joints"].keys() >= _TORSO]
            not_counted += len(entry["people"]) - len(counted)
            for name, hit in matched(people, counted):
                hits.setdefault(name, []).append(hit)
    if not hits:
        raise SystemExit(
            f"{path} has nobody with {', '.join(sorted(_TORSO))}, which the limit is measured by; annotate these"
        )
    each = {name: float(np.mean(values)) for name, values in sorted(hits.items())}
    everything = [value for values in hits.values() for value in values]
    arms = [value for name in _ARMS for value in hits.get(name, [])]
    left_out = {"people not counted, without a torso": float(not_counted)} if not_counted else {}
    return each | {"arms": float(np.mean(arms or [np.nan])), "PCK": float(np.mean(everything))} | left_out


def _policy(detector: Detector | None, people: int) -> BoxPolicy:
    """As the program's own, for so many people."""
    if detector is None:
        return FollowedBox()
    return WatchedBox(detector) if people == 1 else Follower(detector, max(people, 1), lag_frames=1)


def matched(
    people: Sequence[Person], annotated: Sequence[Mapping[str, Sequence[float]]]
) -> Iterator[tuple[str, float]]:
    """Each annotated joint's name and whether it was found, people matched to annotations by their joints."""
    projections = [named_joints(person) for person in people]
    scores = np.zeros((len(annotated), len(projections)))
    results: dict[tuple[int, int], list[tuple[str, float]]] = {}
    for a, joints in enumerate(annotated):
        limit = _PCK_SHARE * torso_px(joints)
        for p, projected in enumerate(projections):
            names = [name for name in joints if name in projected]
            there = np.stack([projected[name] for name in names])
            within = pck(there, np.array([joints[name] for name in names], float), np.full(len(names), limit))
            hits = [(name, hit) for name, hit in zip(names, within.tolist(), strict=True) if np.isfinite(hit)]
            results[a, p] = hits
            scores[a, p] = sum(hit for _, hit in hits)
    rows, columns = linear_sum_assignment(-scores)
    pairs = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    for a, joints in enumerate(annotated):
        if a in pairs:
            yield from results[a, pairs[a]]
        else:
            yield from ((name, 0.0) for name, xy in joints.items() if name in BODY_JOINTS and np.isfinite(xy).all())


def named_joints(person: Person) -> dict[str, Array]:
    """Pixels of Hand4Whole's body keypoints by name."""
    px = person.camera.project(person.joints_m[BODY_POINTS].astype(np.float64))
    return dict(zip(BODY_JOINTS, px, strict=True))


def torso_px(joints: Mapping[str, Sequence[float]]) -> float:
    """From the middle of the shoulders to the middle of the hips, of joints that have all of `_TORSO`."""
    points = {name: np.array(joints[name], float) for name in _TORSO}
    shoulders = (points["L_Shoulder"] + points["R_Shoulder"]) / 2
    hips = (points["L_Hip"] + points["R_Hip"]) / 2
    return float(np.linalg.norm(shoulders - hips))


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} if rows else {}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--model", help="a bundle; default: as wb-track finds it")
    parser.add_argument("--held-out", type=positive_count, metavar="N", help="N people held out of training")
    parser.add_argument("--annotations", type=Path, metavar="FILE.json")
    options = parser.parse_args()
    results: dict[str, float] = {}
    if options.annotations:
        results = on_annotations(options.model, options.annotations)
    elif options.held_out:
        results = on_held_out(options.model, options.held_out)
    else:
        results = on_sample(options.model)
    for name, value in results.items():
        print(f"{name:28} {value:8.3f}" if value < 2 else f"{name:28} {value:8.1f}")


if __name__ == "__main__":
    run(main)
