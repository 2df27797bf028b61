"""What evaluation says of trackers whose errors are known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.frame import BodyParams, Box, Confidence, Frame, Person
from app.pinhole import Pinhole
from models.body_file import OPEN_BODY
from models.joints import BODY_JOINTS
from models.smplx_body import SmplxBody
from tests import standins
from training import evaluate
from training.targets import BODY_POINTS

CAMERA = Pinhole(600.0, 600.0, 320.0, 240.0)
BODY = SmplxBody.load(OPEN_BODY)


def person(x_m: float) -> Person:
    """Somebody in the rest pose, so far to the side."""
    upright = np.tile(np.eye(3), (55, 1, 1))
    upright[0] = np.diag((1.0, -1.0, -1.0))
    mesh = BODY.forward(upright, np.zeros(10), np.zeros(10), np.array((x_m, 0.0, 4.0)))
    params = BodyParams(np.zeros((53, 6)), np.zeros(10), np.zeros(10), np.zeros(3))
    box = Box((0.0, 0.0, 640.0, 480.0), 1.0)
    return Person(1, box, params, CAMERA, mesh.vertices_m, mesh.joints_m, Confidence(1.0, 1.0, 1.0, 1.0))


def annotation(someone: Person, **moved_px: float) -> dict[str, list[float]]:
    """Their joints in the picture, those named moved aside."""
    px = CAMERA.project(someone.joints_m[BODY_POINTS].astype(np.float64))
    return {name: [x + moved_px.get(name, 0.0), y] for name, (x, y) in zip(BODY_JOINTS, px.tolist(), strict=True)}


def test_the_truth_has_no_error_and_a_turned_hand_only_its_own() -> None:
    errors, someone = evaluate.Errors(), person(0.0)
    joints = someone.joints_m
    found = errors.of(someone.vertices_m, joints, someone.vertices_m, joints)
    assert set(found) == {
        f"{part}{aligned}{measure}"
        for part, measure in (("", "MPJPE"), ("", "MPVPE"), ("hands ", "MPVPE"), ("face ", "MPVPE"))
        for aligned in ("", "PA-")
    }
    assert max(found.values()) < 1e-2
    moved = someone.vertices_m.copy()
    moved[errors._hands[0]] += (0.0, 0.01, 0.0)
    found = errors.of(moved, joints, someone.vertices_m, joints)
    assert found["hands MPVPE"] == pytest.approx(5, abs=0.1)  # the other hand is right
    assert found["hands PA-MPVPE"] < 0.1
    assert found["face MPVPE"] < 1e-2


def test_joints_within_a_fifth_of_the_torso_are_found() -> None:
    someone = person(0.0)
    torso = evaluate.torso_px(annotation(someone))
    joints = annotation(someone, L_Wrist=0.19 * torso, R_Wrist=0.21 * torso)
    hits = dict(evaluate.matched([someone], [joints]))
    assert set(hits) == set(BODY_JOINTS)
    assert [name for name, hit in hits.items() if not hit] == ["R_Wrist"]


def test_people_are_matched_whatever_their_order_and_the_missed_are_counted() -> None:
    left, right = person(-1.0), person(1.0)
    hits = list(evaluate.matched([right, left], [annotation(left), annotation(right)]))
    assert np.mean([hit for _, hit in hits]) == 1.0
    hits = list(evaluate.matched([right], [annotation(left), annotation(right)]))
    assert np.mean([hit for _, hit in hits]) == 0.5
    unknown = {**annotation(left), "L_Wrist": [float("nan"), 0.0]}
    assert len(list(evaluate.matched([], [unknown]))) == len(list(evaluate.matched([left], [unknown]))) == 24


def _photographed(folder: Path, people: list[dict[str, list[float]]], times: int = 1) -> Path:
    """A file of annotations of one picture, named so many times."""
    picture = cv2.imread(str(standins.DATA / "frame.png"))
    assert picture is not None
    cv2.imwrite(str(folder / "a.png"), picture)
    path = folder / f"{times}.json"
    path.write_text(json.dumps([{"image": "a.png", "people": [{"joints": joints} for joints in people]}] * times))
    return path


def test_people_without_hips_are_not_counted(tiny_bundle: Path, tmp_path: Path) -> None:
    before_a_webcam = annotation(person(0.0))
    del before_a_webcam["L_Hip"]
    path = _photographed(tmp_path, [before_a_webcam, annotation(person(0.0))])
    found = evaluate.on_annotations(str(tiny_bundle), path)
    assert found["people not counted, without a torso"] == 1
    assert "PCK" in found
    path = _photographed(tmp_path, [before_a_webcam])
    with pytest.raises(SystemExit, match="nobody with L_Hip, L_Shoulder, R_Hip, R_Shoulder"):
        evaluate.on_annotations(str(tiny_bundle), path)


def test_annotations_are_read_and_every_picture_gets_a_tracker_of_its_own(tiny_bundle: Path, tmp_path: Path) -> None:
    once, thrice = (_photographed(tmp_path, [annotation(person(0.0))], times) for times in (1, 3))
    found = evaluate.on_annotations(str(tiny_bundle), once)
    assert {"PCK", "arms", *BODY_JOINTS} == set(found)
    assert evaluate.on_annotations(str(tiny_bundle), thrice) == found


def test_a_picture_that_cannot_be_read_is_named(tiny_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps([{"image": "none.png", "people": []}]))
    with pytest.raises(SystemExit, match=r"none\.png, expected a picture"):
        evaluate.on_annotations(str(tiny_bundle), path)


def test_held_out_people_are_the_same_each_time_and_measured(tiny_bundle: Path) -> None:
    first, again = (next(evaluate.held_out_frames(1)) for _ in range(2))
    np.testing.assert_array_equal(first.vertices_m, again.vertices_m)
    found = evaluate.on_held_out(str(tiny_bundle), 2)
    assert 1 <= found["people"] <= 2
    assert found["PA-MPVPE"] > 10  # weights of random numbers
    assert 0 <= found["hand box IoU"] < 1
    assert 0 <= found["face box IoU"] < 1
    whole = sum(filmed.whole[0] for filmed in evaluate.held_out_frames(2))
    assert ("whole people's PA-MPVPE" in found) == bool(whole)
    assert not any("detector" in name for name in found)  # a bundle without one has no recall


def test_a_box_beside_the_frame_is_refused(tiny_bundle: Path) -> None:
    frame = Frame(0, 0.0, np.zeros((48, 64, 3), np.uint8), 0.0)
    with evaluate.tracking(str(tiny_bundle)) as tracker, pytest.raises(ValueError, match="nothing in the frame"):
        evaluate.estimated(tracker, frame, Box((-20.0, 0.0, -5.0, 40.0), 1.0))
