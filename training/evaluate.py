"""How well a bundle tracks: `python -m training.evaluate` on the sample clip, on people held out of training
(`--held-out N`), on annotated photographs (`--annotations FILE.json`)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from app.crop import Crop
from app.detectors.detector import Detector
from app.estimator import Subject
from app.finish import Finish
from app.frame import Box, Frame, Person
from app.load import Loaded, loaded
from app.options import parse
from app.pinhole import Pinhole
from app.sources.source import open_source
from engines.bundle import DETECTOR
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.body_file import OPEN_BODY, read_body_file
from models.joints import BODY_JOINTS, SMPLX_POINTS
from models.smplx_body import SmplxBody
from training.backgrounds import random_background
from training.camera_noise import spoiled
from training.draw_people import HELD_OUT
from training.film import Actor, Film, Filmed
from training.make_sample import SAMPLE
from training.measures import errors_mm, pck
from training.scene import PersonSampler
from training.targets import BODY_POINTS

_BODY = slice(0, 22)
_PCK_SHARE = 0.2
_ARMS = ("L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist")


class Parts:
    """Which vertices are hands and face."""

    def __init__(self) -> None:
        arrays = read_body_file(OPEN_BODY)
        weights = arrays.weights
        self.left = weights[:, 20] + weights[:, 25:40].sum(1) > 0.5
        self.right = weights[:, 21] + weights[:, 40:55].sum(1) > 0.5
        landmarks = (arrays.template[arrays.faces[arrays.landmark_faces]] * arrays.landmark_weights[..., None]).sum(1)
        head = weights[:, [15, 22, 23, 24]].sum(1) > 0.5
        self.face = head & (arrays.template[:, 2] > landmarks[:, 2].mean() - 0.06) & (arrays.template[:, 1] < 0.345)

    def errors(
        self, vertices: np.ndarray, joints: np.ndarray, truth: np.ndarray, true_joints: np.ndarray
    ) -> dict[str, float]:
        """All errors of one person in millimetres, vertices (V, 3), joints (55 or more, 3)."""
        found: dict[str, float] = {}
        found["MPJPE"], found["PA-MPJPE"] = errors_mm(joints[_BODY], true_joints[_BODY], joints[0], true_joints[0])
        found["MPVPE"], found["PA-MPVPE"] = errors_mm(vertices, truth, joints[0], true_joints[0])
        hands = [
            errors_mm(vertices[part], truth[part], joints[wrist], true_joints[wrist])
            for part, wrist in ((self.left, 20), (self.right, 21))
        ]
        found["hands MPVPE"], found["hands PA-MPVPE"] = np.mean(hands, 0)
        found["face MPVPE"], found["face PA-MPVPE"] = errors_mm(
            vertices[self.face], truth[self.face], joints[15], true_joints[15]
        )
        return found


@contextmanager
def tracking(model: str | None, box: str | None = None) -> Iterator[Loaded]:
    """A tracker as `wb-track` would set it up, on the open body."""
    arguments = ["--video", "x", "--out", "x.npz", "--body", str(OPEN_BODY), "--engine", "cpu"]
    arguments += ["--model", model] if model else []
    arguments += ["--box", box] if box else []
    with loaded(parse(arguments)) as parts:
        yield parts


def on_sample(model: str | None) -> dict[str, float]:
    """Errors on the sample clip, through the tracker's own boxes; `frames` is the share with a person."""
    truth, body, parts = np.load(SAMPLE.with_suffix(".npz")), SmplxBody.load(OPEN_BODY), Parts()
    rows = []
    with tracking(model) as tracker, open_source(SAMPLE) as source:
        for frame in source:
            people = tracker.tracker.track(frame).people
            if not people:
                continue
            mesh = body.forward(
                Rotation.from_rotvec(truth["rotations"][frame.index]).as_matrix(),
                truth["betas"],
                truth["expression"][frame.index],
                truth["translation"][frame.index],
            )
            rows.append(parts.errors(people[0].vertices_m, people[0].joints_m, mesh.vertices_m, mesh.joints_m))
    return _means(rows) | {"frames": len(rows) / len(truth["rotations"])}


def held_out_frames(count: int, people: int = 1) -> Iterator[tuple[Filmed, list[Actor]]]:
    """Frames of 640 x 480 with people whom no training has seen, before a pinhole camera."""
    arrays = read_body_file(OPEN_BODY)
    film, sampler = Film(arrays), PersonSampler(arrays)
    for number in range(count):
        rng = np.random.default_rng((HELD_OUT, 0, number))
        focal = 320 / np.tan(np.radians(rng.uniform(45, 78)) / 2)
        actors = []
        for _ in range(people):
            person = sampler(rng)
            distance = max(person.distance_m, 0.9)
            aside = rng.uniform(-0.25, 0.25) * distance * 320 / focal
            height = rng.uniform(-0.1, 0.25) if distance > 2 else rng.uniform(0.25, 0.45)
            place = np.array((aside, height + 0.35, distance))
            actors.append(Actor(person.rotations, person.betas, person.expression, place, person.look))
        filmed = film(actors, (focal, focal, 319.5, 239.5), random_background(rng, (640, 480)))
        rgb = spoiled(rng, filmed.rgb, 240)
        yield Filmed(rgb, filmed.vertices_m, filmed.joints_m, filmed.boxes, filmed.seen), actors


def on_held_out(model: str | None, count: int) -> dict[str, float]:
    """Errors on held-out people in the boxes of what is seen of them; the detector's recall and false alarms."""
    torch.set_num_threads(1)
    parts, rows = Parts(), []
    found = alarms = total = 0
    with tracking(model) as tracker, detection(tracker) as detector:
        for number, (filmed, _) in enumerate(held_out_frames(count)):
            if filmed.seen[0] < 0.1:
                continue
            frame = Frame(number, float(number), filmed.rgb, 0.0)
            box = Box(tuple(map(float, filmed.boxes[0])), 1.0)  # type: ignore[arg-type]
            person = estimated(tracker, frame, box)
            rows.append(parts.errors(person.vertices_m, person.joints_m, filmed.vertices_m[0], filmed.joints_m[0]))
            boxes = detector.detect(filmed.rgb) if detector else ()
            matches = sum(box.overlap(other) >= 0.5 for other in boxes)
            found, alarms, total = found + (matches > 0), alarms + len(boxes) - min(matches, 1), total + 1
    if not total:
        return {}
    return _means(rows) | {"detector recall": found / total, "false alarms a frame": alarms / total}


@contextmanager
def detection(tracker: Loaded) -> Iterator[Detector | None]:
    """The bundle's own detector, where it has one."""
    path = tracker.bundle.graphs.get(DETECTOR)
    if path is None:
        yield None
    else:
        with OnnxRuntimeEngine(path) as engine:
            yield Detector(engine, path)


def estimated(tracker: Loaded, frame: Frame, box: Box) -> Person:
    """The person in a box."""
    estimator, finish = tracker.tracker.estimator, tracker.tracker.stages[-1]
    assert isinstance(finish, Finish)
    crop = Crop.around(box, frame.size_wh, estimator.body.crop_wh)
    if crop is None:
        raise ValueError(f"the box {box.xyxy_px} has nothing in the frame, expected one with a person")
    view = estimator.body.estimate(frame, (Subject(1, box, crop),), crop.warp(frame.rgb)[None])
    estimates = estimator.parts(view)
    return finish(estimates).people[0]


def on_annotations(model: str | None, path: Path) -> dict[str, float]:
    """PCK at 0.2 of the torso on annotated pictures: of all people's joints, the found ones' projections."""
    hits: dict[str, list[float]] = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        image = cv2.imread(str(path.parent / entry["image"]))
        if image is None:
            raise SystemExit(f"{path} names {entry['image']}, which is no picture that can be read")
        with tracking(model) as tracker:
            frame = Frame(0, 0.0, np.ascontiguousarray(image[..., ::-1]), 0.0)
            people = tracker.tracker.track(frame).people
        for name, hit in matched(people, [person["joints"] for person in entry["people"]]):
            hits.setdefault(name, []).append(hit)
    each = {name: float(np.mean(values)) for name, values in sorted(hits.items())}
    everything = [value for values in hits.values() for value in values]
    arms = [value for name in _ARMS for value in hits.get(name, [])]
    return each | {"arms": float(np.mean(arms or [np.nan])), "PCK": float(np.mean(everything))}


def matched(people: Sequence[Person], annotated: Sequence[dict[str, Sequence[float]]]) -> Iterator[tuple[str, float]]:
    """Each annotated joint's name and whether it was found, people matched to annotations by their joints."""
    projections = [named_joints(person.camera, person) for person in people]
    scores = np.zeros((len(annotated), len(projections)))
    results: dict[tuple[int, int], list[tuple[str, float]]] = {}
    for a, joints in enumerate(annotated):
        limit = _PCK_SHARE * torso_px(joints)
        for p, projected in enumerate(projections):
            hits = [
                (name, float(pck(projected[name], np.array(xy, float), np.array(limit))))
                for name, xy in joints.items()
                if name in projected and np.isfinite(xy).all()
            ]
            results[a, p] = hits
            scores[a, p] = sum(hit for _, hit in hits)
    rows, columns = linear_sum_assignment(-scores)
    pairs = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    for a, joints in enumerate(annotated):
        if a in pairs:
            yield from results[a, pairs[a]]
        else:
            yield from ((name, 0.0) for name in joints if name in BODY_JOINTS)


def named_joints(camera: Pinhole, person: Person) -> dict[str, np.ndarray]:
    """Pixels of Hand4Whole's body keypoints by name."""
    assert len(person.joints_m) >= len(SMPLX_POINTS[:76])
    px = camera.project(person.joints_m[BODY_POINTS].astype(np.float64))
    return dict(zip(BODY_JOINTS, px, strict=True))


def torso_px(joints: dict[str, Sequence[float]]) -> float:
    """From the middle of the shoulders to the middle of the hips."""
    points = {name: np.array(xy, float) for name, xy in joints.items()}
    try:
        shoulders = (points["L_Shoulder"] + points["R_Shoulder"]) / 2
        hips = (points["L_Hip"] + points["R_Hip"]) / 2
    except KeyError as error:
        raise SystemExit(
            f"a person is annotated without {error}; both shoulders and hips are needed for the limit"
        ) from error
    return float(np.linalg.norm(shoulders - hips))


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} if rows else {}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--model", help="a bundle; default: as wb-track finds it")
    parser.add_argument("--held-out", type=int, metavar="N", help="N people held out of training")
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
        print(f"{name:22} {value:8.3f}" if value < 2 else f"{name:22} {value:8.1f}")


if __name__ == "__main__":
    main()
