"""Sprites and their labels: every label is looked for in the pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.body_file import OPEN_BODY, BodyArrays, read_body_file
from models.joints import HAND_JOINTS, SMPLX_POINTS
from models.networks.box import PART_ENLARGEMENT
from training.looks import _SLICES
from training.parts import HAND_PARTS, PARTS, WRISTS
from training.scene import (
    BODY_WH,
    DENSE_PX,
    FACE_PX,
    HAND_PX,
    SPRITE_MARGIN,
    Person,
    PersonSampler,
    Sprites,
    Stage,
    random_view,
)
from training.skeleton import turn
from training.targets import HAND_POINTS
from training.views import FACE, LEFT, RIGHT

KNUCKLES = [row for row, name in enumerate(HAND_JOINTS) if not name.endswith("_4")]  # tips are on the surface
NOSE, LEFT_EAR = SMPLX_POINTS.index("nose"), SMPLX_POINTS.index("left_ear")
NOSE_TIP = 13  # of the landmarks

_PARENTS = read_body_file(OPEN_BODY).parents[:PARTS].tolist()
# Each joint's part, and those of the joints before and after it.
_AROUND = [{joint, _PARENTS[joint], *(k for k in range(PARTS) if _PARENTS[k] == joint)} for joint in range(PARTS)]


def _facing(person: Person, yaw_deg: float, hair: int = 1) -> Person:
    """Upright, arms at rest, turned about the vertical, whole in the frame."""
    rotations = np.tile(np.eye(3), (55, 1, 1))
    rotations[0] = np.diag((1.0, -1.0, -1.0)) @ turn(0, yaw_deg, 0)
    look = person.look.copy()
    look[_SLICES["hair_kind"]] = hair
    return replace(person, rotations=rotations, look=look, cut=np.zeros(4), distance_m=3.0)


def test_a_seed_gives_the_same_person(arrays: BodyArrays) -> None:
    sampler = PersonSampler(arrays)
    one, other = (sampler(np.random.default_rng(4)) for _ in range(2))
    for name, value in vars(one).items():
        assert np.array_equal(value, getattr(other, name))


def test_people_are_within_their_ranges(arrays: BodyArrays) -> None:
    rng, sampler = np.random.default_rng(0), PersonSampler(arrays)
    drawn = [sampler(rng) for _ in range(100)]
    assert all(0.45 <= person.distance_m <= 9 for person in drawn)
    cuts = np.stack([person.cut for person in drawn])
    assert cuts.min() >= 0
    assert (cuts[:, :2] + cuts[:, 2:]).max() < 0.95
    assert 0.3 < (cuts[:, 3] == 0).mean() < 0.6
    assert np.abs([person.expression for person in drawn]).max() < 3


def test_views_are_rotations_mostly_from_the_front() -> None:
    rng = np.random.default_rng(0)
    views = np.stack([random_view(rng) for _ in range(200)])
    np.testing.assert_allclose(views @ views.swapaxes(1, 2), np.broadcast_to(np.eye(3), views.shape), atol=1e-9)
    assert (views[:, 1, 1] < -0.7).mean() > 0.85  # y down
    assert (views[:, 2, 2] < 0).mean() > 0.6


def test_more_people_may_be_seen_from_behind() -> None:
    usual, more = (
        np.mean([random_view(np.random.default_rng(k), turned)[2, 2] > 0 for k in range(300)]) for turned in (0.3, 0.9)
    )
    assert 0.05 < usual < 0.25
    assert 0.35 < more < 0.6


def test_sprites_have_their_shapes(sprites: Sprites) -> None:
    assert sprites.body.shape == (4, BODY_WH[1], BODY_WH[0], 4)
    assert sprites.hands.shape == (4, 2, HAND_PX, HAND_PX, 4)
    assert sprites.face.shape == (4, FACE_PX, FACE_PX, 4)
    assert sprites.points.shape == (4, 76, 3)
    for name, value in vars(sprites).items():
        assert len(value) == 4, name
        assert torch.isfinite(value.float()).all(), name


def test_points_lie_on_the_person(sprites: Sprites) -> None:
    for row in range(4):
        points = sprites.points[row, :55, :2].round().long()  # joints are inside the body
        inside = ((points >= 0) & (points < torch.tensor(BODY_WH))).all(-1)
        alpha = sprites.body[row, ..., 3]
        assert inside.sum() > 10
        assert (alpha[points[inside, 1], points[inside, 0]] > 0).float().mean() > 0.97


def test_hand_points_lie_on_the_hand(sprites: Sprites) -> None:
    for row in range(4):
        for side in (LEFT, RIGHT):
            points = sprites.hand_points[row, side, HAND_POINTS[side]]
            assert ((points > 0.1 * HAND_PX) & (points < 0.9 * HAND_PX)).all()
            at = points[KNUCKLES].round().long()
            assert (sprites.hands[row, side, at[:, 1], at[:, 0], 3] > 0).all()


def test_landmarks_lie_on_the_face(sprites: Sprites) -> None:
    assert sprites.face_points.shape == (4, 51, 2)
    for row in range(4):
        points = sprites.face_points[row]
        assert ((points > 0.1 * FACE_PX) & (points < 0.9 * FACE_PX)).all()
        at = points.round().long()
        assert (sprites.face[row, at[:, 1], at[:, 0], 3] > 0).float().mean() > 0.9
        low, high = sprites.part_boxes[row, FACE].view(2, 2)
        nose = (sprites.points[row, NOSE, :2] - (low + high) / 2) / (high - low).max()
        scale = FACE_PX / (PART_ENLARGEMENT[FACE] * SPRITE_MARGIN)
        torch.testing.assert_close(points[NOSE_TIP], nose * scale + (FACE_PX - 1) / 2, atol=0.03 * FACE_PX, rtol=0)


def test_part_boxes_hold_their_points(sprites: Sprites) -> None:
    for side in (LEFT, RIGHT):
        box, points = sprites.part_boxes[:, side, None], sprites.points[:, HAND_POINTS[side], :2]
        assert ((points >= box[..., :2] - 0.5) & (points <= box[..., 2:] + 0.5)).all()
    face, nose = sprites.part_boxes[:, FACE], sprites.points[:, NOSE, :2]
    assert ((nose > face[:, :2]) & (nose < face[:, 2:])).all()


def test_the_crop_is_around_what_the_frame_shows(sprites: Sprites) -> None:
    centre, size = sprites.crop[:, :2], sprites.crop[:, 2:]
    torch.testing.assert_close(centre, (torch.tensor(BODY_WH) - 1).expand(4, 2) / 2, atol=0.05, rtol=0)
    torch.testing.assert_close(size[:, 0], 0.75 * size[:, 1])
    whole = sprites.body[0, ..., 3] > 0
    rows, columns = whole.any(1).nonzero(), whole.any(0).nonzero()
    assert rows[0] > 0
    assert rows[-1] < BODY_WH[1] - 1
    assert columns[0] > 0
    assert columns[-1] < BODY_WH[0] - 1


def test_the_window_cuts_what_was_to_be_cut(sprites: Sprites) -> None:
    width, height = BODY_WH
    left, top, right, bottom = sprites.window.unbind(-1)
    assert (left < 0).all()
    assert (right[[0, 1, 3]] > width).all()
    assert right[2] < width
    assert (bottom[[1, 3]] < height).all()
    assert (bottom[[0, 2]] > height).all()
    assert top[2] > 0
    assert (top[[0, 1, 3]] < 0).all()


def test_depth_is_behind_the_pelvis(sprites: Sprites, people: list[Person]) -> None:
    assert (sprites.points[:, 0, 2] == 0).all()
    assert sprites.points[..., 2].abs().max() < 1.3
    torch.testing.assert_close(sprites.rotations[0], torch.from_numpy(people[0].rotations).float())


def test_points_project_by_the_focal_length_that_is_told(sprites: Sprites, stage: Stage, people: list[Person]) -> None:
    """The camera's axis is at the same pixel for all of a person's points."""
    person = people[0]
    form = np.concatenate((person.betas, person.expression, person.proportions))
    _, joints = stage.wardrobe.body(*(torch.from_numpy(value).float()[None] for value in (person.rotations, form)))
    place, focal = sprites.pelvis[0, :3], sprites.pelvis[0, 3]
    joints = joints[0] - joints[0, 0] + place  # in camera axes
    axis = sprites.points[0, :55, :2] - focal * joints[:, :2] / joints[:, 2:]
    torch.testing.assert_close(axis, axis[:1].expand(55, 2), atol=0.02, rtol=0)


@pytest.mark.parametrize("hair", range(4))
def test_hidden_parts_are_not_seen(stage: Stage, people: list[Person], hair: int) -> None:
    """Long hair is not taken for the face before it."""
    front, behind = stage([_facing(people[1], 0, hair), _facing(people[1], 180, hair)]).part_seen
    assert front[FACE] > 0.1
    assert behind[FACE] < 0.01
    assert min(front[LEFT], front[RIGHT], behind[LEFT], behind[RIGHT]) > 0.01  # seen edge-on


def test_left_is_left(stage: Stage, people: list[Person]) -> None:
    sprites = stage([_facing(people[0], 0)])
    left, right = sprites.part_boxes[0, LEFT], sprites.part_boxes[0, RIGHT]
    assert left[0] > right[2]  # whose left hand is on the right of the picture
    assert sprites.points[0, LEFT_EAR, 0] > sprites.points[0, NOSE, 0]
    assert sprites.points[0, NOSE, 2] < sprites.points[0, LEFT_EAR, 2]  # nearer


@pytest.mark.parametrize("distance_m", [0.05, 0.3])
def test_nobody_stands_in_the_lens(stage: Stage, people: list[Person], distance_m: float) -> None:
    sprites = stage([replace(_facing(people[0], 0), distance_m=distance_m)])
    nearest = float(sprites.pelvis[0, 2] + sprites.points[0, :, 2].min())
    assert nearest > 0.24


def test_maps_of_parts_lie_on_the_person_as_deep_as_their_joints(sprites: Sprites) -> None:
    """At a joint that is seen the map has one of its neighbours' parts, and a depth just before it."""
    agree, near = [], []
    for row in range(4):
        parts, depths = sprites.body_parts[row], sprites.body_depths[row].float()
        alpha = sprites.body[row, ::DENSE_PX, ::DENSE_PX, 3] > 0
        assert (parts[~alpha] == PARTS).float().mean() > 0.97
        assert (parts[alpha] < PARTS).float().mean() > 0.5  # hair and clothes stand off
        assert not depths[parts == PARTS].any()
        for joint in range(1, PARTS):
            x, y = ((sprites.points[row, joint, :2] + 0.5) / DENSE_PX).floor().long().tolist()
            before = float(sprites.points[row, joint, 2] - depths[y, x]) if 0 <= y < 80 and 0 <= x < 60 else 1.0
            if abs(before) < 0.15:
                agree.append(int(parts[y, x]) in _AROUND[joint])
                near.append(before)
    assert len(near) > 12
    assert np.mean(agree) > 0.8
    assert 0.0 < np.mean(near) < 0.12


def test_maps_of_hands_have_fingers_where_their_joints_are(sprites: Sprites) -> None:
    agree = []
    for row, side in np.ndindex(4, 2):
        parts, depths = sprites.hand_parts[row, side], sprites.hand_depths[row, side].float()
        alpha = sprites.hands[row, side, ::DENSE_PX, ::DENSE_PX, 3] > 0
        assert (parts[~alpha] == HAND_PARTS).float().mean() > 0.9
        wrist = sprites.points[row, WRISTS[side], 2]
        for finger in range(1, HAND_PARTS - 1):
            joint = (25, 40)[side] + finger - 1
            x, y = ((sprites.hand_points[row, side, joint] + 0.5) / DENSE_PX).floor().long().tolist()
            if abs(float(sprites.points[row, joint, 2] - wrist - depths[y, x])) < 0.02:
                agree.append(int(parts[y, x]) in (0, finger - 1, finger))
    assert len(agree) > 30
    assert np.mean(agree) > 0.7
