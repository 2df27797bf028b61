"""Planes there and back, and people drawn through them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from training.garments import HANGING_HAIR, SKIN
from training.looks import Looks
from training.scene import Person, Stage
from training.shading import Surface
from training.views import FACE, LEFT, RIGHT, Drawn, Plane, _occlusion, _of_part

FOCAL, CENTRE = torch.tensor([200.0, 50.0]), torch.tensor([[0.1, 0.2], [-0.3, 0.0]])


def _plane() -> Plane:
    return Plane(FOCAL, CENTRE, torch.tensor((41, 21)))


def test_the_centre_is_in_the_middle_of_the_picture() -> None:
    torch.testing.assert_close(_plane()(CENTRE[:, None]), torch.tensor([[[20.0, 10.0]], [[20.0, 10.0]]]))


def test_pixels_go_back_to_where_they_came_from() -> None:
    points = torch.randn(2, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(_plane().inverse(_plane()(points[:, None])[:, 0]), points)


def test_a_pinhole_has_its_own_pixels() -> None:
    plane = Plane.pinhole((500.0, 320.0, 239.5), 1)
    torch.testing.assert_close(plane(torch.tensor([[[0.1, -0.2]]])), torch.tensor([[[370.0, 139.5]]]))


def test_a_view_around_a_box_has_it_in_the_middle() -> None:
    body, box = _plane(), torch.tensor([[2.0, 4.0, 10.0, 8.0], [0.0, 0.0, 4.0, 4.0]])
    view = body.around(box, torch.tensor([16.0, 8.0]), 32)
    corners = torch.stack([body.inverse(box[:, :2]), body.inverse(box[:, 2:])], 1)
    expected = torch.tensor([[[7.5, 11.5], [23.5, 19.5]], [[7.5, 7.5], [23.5, 23.5]]])
    torch.testing.assert_close(view(corners), expected)


@pytest.fixture(scope="module")
def drawn(stage: Stage, people: list[Person]) -> tuple[Drawn, Tensor]:
    """One person three metres away, and the vertices."""
    person = people[0]
    form = np.concatenate((person.betas, person.expression, person.proportions))
    numbers = [torch.from_numpy(value).float()[None] for value in (person.rotations, form)]
    look = Looks(torch.from_numpy(person.look)[None])
    dressed, bare, _ = stage.wardrobe(*numbers, look)
    offset = torch.tensor([0.0, 0.35, 3.0])
    return Drawn(dressed + offset, stage.wardrobe, look), bare + offset


def test_a_person_covers_the_pixels_of_the_vertices(drawn: tuple[Drawn, Tensor]) -> None:
    people, vertices = drawn
    view = Plane.pinhole((300.0, 149.5, 179.5), 1)  # in which a finger is wider than a pixel
    sprite, share = people.sprite(view, (300, 360))
    assert sprite.shape == (1, 360, 300, 4)
    assert sprite.dtype == torch.uint8
    alpha = sprite[0, ..., 3]
    assert set(alpha.flatten().tolist()) == {0, 255}
    assert float(share) == pytest.approx(float((alpha > 0).float().mean()))
    x, y = view(vertices[..., :2] / vertices[..., 2:])[0].round().long().unbind(-1)
    inside = (x >= 0) & (x < 300) & (y >= 0) & (y < 360)
    grown = torch.nn.functional.max_pool2d((alpha > 0).float()[None], 3, 1, 1)[0]  # beside a pixel's centre counts
    assert grown[y[inside], x[inside]].mean() > 0.999


def test_layers_know_how_deep_they_are(drawn: tuple[Drawn, Tensor]) -> None:
    people, vertices = drawn
    sprite, depth = people.layers(Plane.pinhole((100.0, 49.5, 59.5), 1), (100, 120))
    assert torch.equal(depth.isfinite(), sprite[..., 3] > 0)
    seen = depth[depth.isfinite()]
    assert seen.min() > vertices[..., 2].min() - 0.15
    assert seen.max() < vertices[..., 2].max() + 0.15


def test_parts_are_told_by_their_place_at_rest() -> None:
    places = torch.tensor([[0.78, 0.0, 0.0], [-0.78, 0.0, 0.0], [0.0, 0.25, 0.1], [0.0, 0.25, -0.1], [0.0, -0.3, 0.1]])
    nothing = torch.zeros(5)
    surface = Surface(places, torch.zeros(5, 3), nothing, torch.full((5,), float(SKIN)))
    for part, row in ((LEFT, 0), (RIGHT, 1), (FACE, 2)):
        assert _of_part(surface, part).nonzero().flatten().tolist() == [row]
    assert not _of_part(surface._replace(material=torch.full((5,), float(HANGING_HAIR))), FACE).any()


def test_light_does_not_reach_behind() -> None:
    depth = torch.full((1, 48, 48), 3.0)
    assert _occlusion(depth).min() == 1
    depth[:, 20:28, 20:28] = 3.5
    hole = _occlusion(depth)
    assert hole[0, 24, 24] < 0.7
    assert hole[0, 2, 2] == 1
    nobody = torch.full((1, 48, 48), torch.inf)
    assert torch.isfinite(_occlusion(nobody)).all()
