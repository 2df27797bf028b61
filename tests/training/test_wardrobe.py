"""Dressed bodies: the body inside, what hangs from it, and what vertices carry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from models.body_file import BodyArrays
from models.joints import SMPLX_POINTS
from models.smplx_body import SmplxBody
from training.garments import HANGING_HAIR, SKIN, SKIRT
from training.looks import _SLICES, Looks, random_look
from training.scene import Person
from training.wardrobe import _TUBE, Wardrobe, vertex_normals

REST = torch.eye(3).expand(2, 55, 3, 3)
NOBODY = torch.zeros(2, 20)


@pytest.fixture(scope="module")
def wardrobe(arrays: BodyArrays) -> Wardrobe:
    return Wardrobe(arrays)


def _looks(**numbers: float) -> Looks:
    """Two looks, the first of all numbers of some as told."""
    looks = torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in (1, 2)]))
    for name, value in numbers.items():
        looks[:, _SLICES[name].start] = value
    return Looks(looks)


def _tubes(wardrobe: Wardrobe, look: Looks, rotations: Tensor = REST) -> tuple[Tensor, Tensor, Tensor]:
    """Skirt and hair (2, P, 3), joints (2, 55, 3)."""
    dressed, bare, joints = wardrobe(rotations, NOBODY, look)
    return *dressed[:, bare.shape[1] :].split(_TUBE, 1), joints


def test_the_bare_body_is_the_body(wardrobe: Wardrobe, arrays: BodyArrays, people: list[Person]) -> None:
    person = people[0]
    rotations = torch.from_numpy(person.rotations).float()[None]
    coefficients = torch.from_numpy(np.concatenate((person.betas, person.expression))).float()[None]
    dressed, bare, joints = wardrobe(rotations, coefficients, Looks(torch.from_numpy(person.look)[None]))
    mesh = SmplxBody(arrays).forward(person.rotations, person.betas, person.expression)
    np.testing.assert_allclose(bare[0], mesh.vertices_m, atol=1e-4)
    points = wardrobe.all_points(bare, joints)[0]
    np.testing.assert_allclose(points, mesh.joints_m[: len(points)], atol=1e-4)
    assert len(points) == SMPLX_POINTS.index("face_0")
    off = (dressed[:, : bare.shape[1]] - bare).norm(dim=-1)
    assert 0 < off.max() < 0.12


def test_tubes_are_nothing_when_not_worn(wardrobe: Wardrobe) -> None:
    skirt, hair, joints = _tubes(wardrobe, _looks(skirt=0.0, hair_kind=1.0))
    torch.testing.assert_close(skirt, joints[:, :1].expand_as(skirt))
    torch.testing.assert_close(hair, joints[:, :1].expand_as(hair))


def test_skirts_and_hair_hang_where_they_belong(wardrobe: Wardrobe) -> None:
    skirt, short, joints = _tubes(wardrobe, _looks(skirt=1.0, hair_kind=2.0))
    pelvis, head = joints[:, 0, 1], joints[:, 15, 1]
    assert ((skirt[..., 1] - pelvis[:, None]) < 0.1).all()
    assert skirt[0, :, 0].max() - skirt[0, :, 0].min() > 0.3
    assert (short[..., 2].mean(1) < joints[:, 15, 2]).all()  # behind
    _, long, _ = _tubes(wardrobe, _looks(hair_kind=3.0))
    assert (long[..., 1].amin(1) < short[..., 1].amin(1) - 0.1).all()
    assert (long[..., 1].amax(1) > head).all()


def test_a_skirt_follows_the_legs(wardrobe: Wardrobe) -> None:
    lifted = REST.clone()
    lifted[:, 1] = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # the left thigh forward
    still, moved = (_tubes(wardrobe, _looks(skirt=1.0), rotations)[0] for rotations in (REST, lifted))
    forward = (moved - still)[..., 2]
    assert forward[still[..., 0] > 0.1].mean() > 0.1
    assert forward[still[..., 0] < -0.1].abs().mean() < 0.03


def test_vertices_carry_what_they_are(wardrobe: Wardrobe, arrays: BodyArrays) -> None:
    count = len(arrays.template)
    everything = wardrobe.surface(wardrobe.faces.long(), torch.full((len(wardrobe.faces), 3), 1 / 3))
    bodies, skirts = len(arrays.faces), (everything.material == SKIRT).sum()
    assert (everything.material[:bodies] == SKIN).all()
    assert (everything.material[bodies:] != SKIN).all()
    assert (everything.material == HANGING_HAIR).sum() + skirts == len(wardrobe.faces) - bodies
    middle = arrays.template[arrays.faces].mean(1)
    np.testing.assert_allclose(everything.rest[:bodies], middle, atol=1e-5)
    assert 100 < (everything.eye.abs().sum(-1) > 0).sum() < 4000
    lips = everything.rest[everything.lips > 0.5]
    assert len(lips) > 20
    assert lips[:, 0].abs().max() < 0.05
    assert wardrobe.faces.max() == count + 2 * _TUBE - 1


def test_normals_point_outward(wardrobe: Wardrobe, arrays: BodyArrays) -> None:
    normals = vertex_normals(torch.from_numpy(arrays.template).float()[None], wardrobe.body.faces)[0]
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(len(normals)))
    nose = arrays.vertex_points[SMPLX_POINTS.index("nose") - 55]
    assert normals[nose, 2] > 0.5
    crown = int(arrays.template[:, 1].argmax())
    assert normals[crown, 1] > 0.5
