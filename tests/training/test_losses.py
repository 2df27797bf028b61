"""Losses: nothing where the outputs are the truth, less the nearer they come to it, and gradients everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import default_collate

from models.body_file import BodyArrays
from models.camera import FOCAL_PX, INPUT_WH
from models.networks.hand4whole import PoseOutput
from training.backgrounds import Pool
from training.batches import item
from training.dense import WEIGHTS as DENSE_WEIGHTS
from training.forward import FaceOutputs, HandOutputs, Outputs
from training.landmarks import WEIGHTS as LANDMARK_WEIGHTS
from training.losses import _ENDS, _SPREAD_CELLS, WEIGHTS, Losses, _as_right, _cross_entropy, _whole
from training.sizes import NETWORK
from training.store import Store
from training.torch_rotations import exp, log
from training.train import network_trainer

Batch = dict[str, Tensor]
CROSS_ENTROPIES = ("body heat", "hand heat")


@pytest.fixture(scope="module")
def losses(arrays: BodyArrays) -> Losses:
    return Losses(arrays, NETWORK)


@pytest.fixture(scope="module")
def batch(store: Store, pool: Pool, losses: Losses) -> Batch:
    """Four people, as the virtual camera sees them."""
    items = [item(np.random.default_rng(row), store, row, pool, NETWORK) for row in range(4)]
    made: Batch = default_collate(items)
    made["hand_valid"], made["face_valid"] = torch.ones(4, 2), torch.ones(4)
    rotations = made["rotations"]
    fingers = _as_right(made["hand_rotations"])
    whole = _whole(rotations[:, 0], rotations[:, 1:22], rotations[:, 22], fingers)
    _, _, places = losses.body.joints(whole, made["coefficients"])
    points = places[:, :22] + made["camera"][:, None]
    made["body_px"] = points[..., :2] / points[..., 2:] * FOCAL_PX + torch.tensor(INPUT_WH) / 2
    middle = torch.tensor(INPUT_WH) / 2
    lens = torch.tensor(((FOCAL_PX, 0, middle[0]), (0, FOCAL_PX, middle[1]), (0, 0, 1)))
    made["projection"] = lens @ torch.cat((torch.eye(3).expand(4, 3, 3), points[:, 0, :, None]), -1)
    return made


def _rot6d(matrices: Tensor) -> Tensor:
    return matrices[..., :2].flatten(-2)


def _heat(joints: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Gaussians (N, J, H, W) that sum to one."""
    y, x = torch.meshgrid(*(torch.arange(size) for size in size_hw), indexing="ij")
    squares = (x - joints[..., 0, None, None]) ** 2 + (y - joints[..., 1, None, None]) ** 2
    return torch.softmax((-0.5 * squares / _SPREAD_CELLS**2).flatten(2), 2).view(*joints.shape[:2], *size_hw)


def _truth(losses: Losses, batch: Batch) -> Outputs:
    hands = batch["hand_joints"].transpose(0, 1).flatten(0, 1)
    rotations = batch["rotations"]
    fingers = exp(log(_as_right(batch["hand_rotations"])) - losses.hand_mean)
    return Outputs(
        body_features=torch.zeros(0),  # no loss here looks at them
        body_joints=batch["body_joints"],
        body_heat=_heat(batch["body_joints"], NETWORK.body_cells_hw),
        boxes=batch["boxes"],
        hands=HandOutputs(
            features=torch.zeros(0),
            joints=hands,
            heat=_heat(hands, (NETWORK.hand_cells, NETWORK.hand_cells)),
            rot6d=_rot6d(fingers),
        ),
        faces=FaceOutputs(
            features=torch.zeros(0),
            expression=batch["coefficients"][:, 10:],
            jaw_rot6d=_rot6d(rotations[:, 22]),
        ),
        pose=PoseOutput(
            _rot6d(rotations[:, 0]), _rot6d(rotations[:, 1:22]), batch["coefficients"][:, :10], batch["camera"]
        ),
    )


def _spoiled(truth: Outputs, amount: float) -> Outputs:
    """The truth and as much noise in every number."""
    random = torch.Generator().manual_seed(0)

    def noisy(value: Tensor, scale: float) -> Tensor:
        return value + amount * scale * torch.randn(value.shape, generator=random)

    def melted(heat: Tensor) -> Tensor:
        return (1 - amount) * heat + amount / heat[0, 0].numel()

    return Outputs(
        truth.body_features,
        noisy(truth.body_joints, 1.0),
        melted(truth.body_heat),
        noisy(truth.boxes, 1.0),
        HandOutputs(
            truth.hands.features,
            noisy(truth.hands.joints, 1.0),
            melted(truth.hands.heat),
            noisy(truth.hands.rot6d, 0.3),
        ),
        FaceOutputs(
            truth.faces.features,
            noisy(truth.faces.expression, 1.0),
            noisy(truth.faces.jaw_rot6d, 0.3),
        ),
        PoseOutput(
            noisy(truth.pose.root_rot6d, 0.3),
            noisy(truth.pose.body_rot6d, 0.3),
            noisy(truth.pose.betas, 1.0),
            noisy(truth.pose.camera, 0.1),
        ),
    )


def test_there_is_nothing_to_lose_at_the_truth(losses: Losses, batch: Batch) -> None:
    found = losses(_truth(losses, batch), batch)
    assert set(found) == set(WEIGHTS)
    for name, value in found.items():
        if name not in CROSS_ENTROPIES:
            # Eyes turn no joint; angles of fingers are read to a thousandth.
            assert float(value) < (2e-3 if "hand" in name else 2e-4), name


def test_losses_fall_towards_the_truth(losses: Losses, batch: Batch) -> None:
    truth = _truth(losses, batch)
    far, near, there = (losses(_spoiled(truth, amount), batch) for amount in (0.8, 0.3, 0.0))
    for name in WEIGHTS:
        assert far[name] > near[name] > there[name], name


def test_what_cannot_be_seen_does_not_count(losses: Losses, batch: Batch) -> None:
    blind = {name: torch.zeros_like(value) if name.endswith("_valid") else value for name, value in batch.items()}
    found = losses(_spoiled(_truth(losses, batch), 0.5), blind)
    seen = {name for name, value in found.items() if value > 0}
    guessed = {"body pose", "hand pose", "joints", "arms"}
    assert seen == guessed | {"body depth", "root", "wrists", "betas", "depth"}


@pytest.mark.parametrize("name", ["body pose", "joints", "arms"])
def test_what_is_outside_the_picture_counts_less(losses: Losses, batch: Batch, name: str) -> None:
    """Of one arm that is wrong, more where it is the arm that can be seen."""
    truth = _truth(losses, batch)
    turned = truth.pose.body_rot6d.clone()
    turned[:, 17] = -turned[:, 17]  # the left elbow's, 18 among the joints
    wrong = truth._replace(pose=truth.pose._replace(body_rot6d=turned))
    shown, hidden = torch.ones(4, 22), torch.ones(4, 22)
    hidden[:, 20] = 0  # the left wrist
    one, other = (losses(wrong, {**batch, "in_picture": each})[name] for each in (shown, hidden))
    assert 0 < other < 0.95 * one


def test_a_turn_is_seen_where_its_bone_ends(arrays: BodyArrays) -> None:
    for joint, end in enumerate(_ENDS, 1):
        assert end == joint or arrays.parents[end] == joint


def test_one_hand_out_of_sight_leaves_the_other(losses: Losses, batch: Batch) -> None:
    """Left ones come first in the outputs."""
    truth = _truth(losses, batch)
    joints = torch.cat((truth.hands.joints[:4] + 1, truth.hands.joints[4:]))
    wrong = truth._replace(hands=truth.hands._replace(joints=joints))
    only = {side: {**batch, "hand_valid": torch.eye(2)[side].expand(4, 2)} for side in (0, 1)}
    assert losses(wrong, only[0])["hand joints"] > 0.1
    assert losses(wrong, only[1])["hand joints"] == 0


def test_fingers_that_nobody_sees_are_guessed(losses: Losses, batch: Batch) -> None:
    """Their rotations count, less than those of hands that are seen; where their joints are is not asked."""
    truth = _truth(losses, batch)
    wrong = _spoiled(truth, 0.5)
    left = truth.hands._replace(rot6d=torch.cat((wrong.hands.rot6d[:4], truth.hands.rot6d[4:])))
    spoiled = truth.hands._replace(joints=truth.hands.joints + 1)
    seen, hidden = ({**batch, "hand_valid": torch.tensor((shown, 1.0)).expand(4, 2)} for shown in (1.0, 0.0))
    one, other = (losses.of_hands(left, each)["hand pose"] for each in (seen, hidden))
    assert 0.3 * one < other < 0.6 * one
    nobody = {**batch, "hand_valid": torch.zeros(4, 2)}
    assert losses.of_hands(spoiled, nobody)["hand joints"] == 0


def test_hands_on_true_bodies_have_the_losses_of_hands(losses: Losses, batch: Batch) -> None:
    """Of the truth's bodies, fingers are the mesh's only error."""
    truth = _truth(losses, batch)
    spoiled = _spoiled(truth, 0.5).hands
    found = losses.on_true_bodies(spoiled, batch)
    whole = losses(truth._replace(hands=spoiled), batch)
    assert set(found) == {"hand joints", "hand depth", "hand heat", "hand pose", "hand mesh"}
    for name, value in found.items():
        torch.testing.assert_close(value, whole[name], atol=1e-6, rtol=1e-4)
    assert found["hand mesh"] > 10 * losses.on_true_bodies(truth.hands, batch)["hand mesh"]


def test_expressions_count_by_how_far_they_move_a_face(losses: Losses, batch: Batch, arrays: BodyArrays) -> None:
    truth = _truth(losses, batch).faces
    found = []
    for number in range(10):
        expression = truth.expression.clone()
        expression[:, number] += 1.0
        found.append(float(losses.of_faces(truth._replace(expression=expression), batch)["expression"]))
    assert np.mean(found) == pytest.approx(0.1)  # one of ten coefficients, one off
    mouth = np.linalg.norm(arrays.shape_directions[..., 10:], axis=1).max(0)  # (10,) metres
    assert np.argmax(found) == np.argmax(mouth) == 0  # the smile
    assert np.corrcoef(np.sqrt(found), mouth)[0, 1] > 0.8


def test_gradients_are_finite_at_half_a_turn(losses: Losses, batch: Batch) -> None:
    truth = _truth(losses, batch)
    turned = torch.tensor([-1.0, -1.0, 1.0, 1.0, -1.0, -1.0])  # half a turn about y
    rotations = [
        (value * turned).requires_grad_()
        for value in (truth.hands.rot6d, truth.faces.jaw_rot6d, truth.pose.root_rot6d, truth.pose.body_rot6d)
    ]
    pose = truth.pose._replace(root_rot6d=rotations[2], body_rot6d=rotations[3])
    hands = truth.hands._replace(rot6d=rotations[0])
    faces = truth.faces._replace(jaw_rot6d=rotations[1])
    found = losses(truth._replace(hands=hands, faces=faces, pose=pose), batch)
    torch.stack([WEIGHTS[name] * value for name, value in found.items()]).sum().backward()  # type: ignore[no-untyped-call]
    for value in rotations:
        assert value.grad is not None
        assert torch.isfinite(value.grad).all()
    assert sum(float(value.grad.abs().sum()) for value in rotations if value.grad is not None) > 0


def test_gradients_are_finite_behind_the_camera(losses: Losses, batch: Batch) -> None:
    truth = _truth(losses, batch)
    camera = torch.tensor([[0.0, 0.0, -3.0]]).repeat(4, 1).requires_grad_()
    found = losses(truth._replace(pose=truth.pose._replace(camera=camera)), batch)
    (found["placed"] + found["depth"]).backward()
    assert camera.grad is not None
    assert torch.isfinite(camera.grad).all()


def test_the_best_heatmap_is_the_gaussian() -> None:
    joints = torch.tensor([[[3.2, 4.6, 0.0]]])
    best = _heat(joints, (12, 9))
    floor = float(_cross_entropy(best, joints, torch.ones(1, 1)))
    entropy = float(-(best * best.clamp(min=1e-12).log()).sum())
    assert floor == pytest.approx(entropy, abs=1e-3)
    split = 0.5 * (_heat(joints - 2, (12, 9)) + _heat(joints + 2, (12, 9)))
    for worse in (split, _heat(joints + 1, (12, 9)), torch.full((1, 1, 12, 9), 1 / 108)):
        assert _cross_entropy(worse, joints, torch.ones(1, 1)) > floor + 0.1


def test_the_truth_of_real_crops_projects_onto_its_pixels(losses: Losses, store: Store, pool: Pool) -> None:
    """Up to proportions, which the labels' shape has not; the virtual camera sees it beside, it has no perspective to
    speak of."""
    items = [item(np.random.default_rng(row), store, row, pool, NETWORK) for row in range(len(store.arrays["body"]))]
    whole: Batch = default_collate(items)
    found = losses(_truth(losses, whole), whole)
    assert found["projected"] * INPUT_WH[1] < 3
    assert found["projected"] < 0.7 * found["placed"]
    assert found["depth"] == 0


def test_the_pose_alone_answers_for_what_a_camera_saw(losses: Losses, batch: Batch) -> None:
    truth = _truth(losses, batch)
    spoiled = _spoiled(truth, 0.5).pose
    turned = truth._replace(pose=truth.pose._replace(root_rot6d=spoiled.root_rot6d))
    moved = truth._replace(pose=truth.pose._replace(camera=spoiled.camera.requires_grad_()))
    assert losses(turned, batch)["projected"] > 0.01
    found = losses(moved, batch)
    assert found["projected"] < 1e-4 < found["placed"]
    root = spoiled.root_rot6d.requires_grad_()
    losses(truth._replace(pose=truth.pose._replace(root_rot6d=root)), batch)["projected"].backward()
    assert root.grad is not None
    assert root.grad.abs().sum() > 0


def test_new_networks_have_losses_of_about_the_same_size(tmp_path: Path, batch: Batch) -> None:
    trainer = network_trainer(tmp_path, "cpu", 1e-3, 1.0)
    found = trainer.learn(batch)
    weights = {**WEIGHTS, **DENSE_WEIGHTS, **LANDMARK_WEIGHTS}
    weighted = {name: weights[name] * float(found[name]) for name in weights}
    assert all(np.isfinite(list(weighted.values())))
    assert float(found["total"]) == pytest.approx(sum(weighted.values()), rel=1e-4)
    assert max(weighted.values()) < 12
