"""People in garments with textures: where these are, what they hide, what is seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.body_file import BodyArrays
from tests.training.makehuman_folder import AROUND, BELT_M, RED, base_of, belt, write_garment
from training.costume import Costume, Garment, Skin, Texture
from training.garment_files import read_garment
from training.garments_bound import Binder
from training.looks import Looks, random_look
from training.shading import Zone
from training.views import Drawn, Plane
from training.wardrobe import Wardrobe

VIEW, SIZE = Plane.pinhole((300.0, 99.5, 149.5), 1), (200, 300)
REST = torch.diag(torch.tensor((1.0, -1.0, -1.0))).expand(1, 1, 3, 3)
UNTINTED = torch.zeros(1, 2)


@pytest.fixture(scope="module")
def wardrobe(arrays: BodyArrays) -> Wardrobe:
    return Wardrobe(arrays)


def _garment(folder: Path, arrays: BodyArrays, texture: NDArray[np.uint8] | None = None) -> Garment:
    base = base_of(arrays)
    file = read_garment(write_garment(folder / "belt", belt(base), texture), base.points)
    return Garment.of(Zone.TOP, file, Binder(base, arrays)(file))


def _dressed(wardrobe: Wardrobe, costume: Costume) -> tuple[torch.Tensor, Looks]:
    """(1, V + tubes + G, 3) of somebody at rest, three metres away, facing the camera; their look, in even light."""
    look = Looks(torch.from_numpy(random_look(np.random.default_rng(3))[None]))
    white, none = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
    look = look.changed({"ambient": white, "ground": white, "light1": none, "light2": none})
    look = costume.look(look.changed({"gloss": 0.0}))
    rotations = torch.cat((REST, torch.eye(3).expand(1, 54, 3, 3)), 1)
    vertices, _, _ = wardrobe(rotations, torch.zeros(1, 20), look)
    return costume.dressed(wardrobe, rotations, torch.zeros(1, 20), vertices) + torch.tensor((0.0, 0.0, 3.0)), look


def _picture(wardrobe: Wardrobe, garments: Sequence[Garment], tints: torch.Tensor = UNTINTED) -> NDArray[np.uint8]:
    costume = Costume(wardrobe, garments, None, tints)
    vertices, look = _dressed(wardrobe, costume)
    sprite, _ = Drawn(vertices, wardrobe, look, costume).sprite(VIEW, SIZE)
    return np.asarray(sprite[0])


def _red(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture[..., :3].astype(int) - RED).max(-1) < 12)


def test_a_garment_is_where_it_lies_on_the_body(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    costume = Costume(wardrobe, [_garment(tmp_path, arrays)], None, UNTINTED)
    vertices, _ = _dressed(wardrobe, costume)
    places = vertices[0, -2 * AROUND :]
    below_pelvis = BELT_M[0] - float(wardrobe.body.joint_template[0, 1])
    expected = (0.3, float(wardrobe.body.joint_template[0, 1]) - below_pelvis, 3.0)  # turned round about the pelvis
    np.testing.assert_allclose(places[0], expected, atol=0.03)
    assert vertices.shape[1] == len(wardrobe.attributes) + 2 * AROUND


def test_it_is_seen_in_its_colour_and_hides_the_body(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    garment = _garment(tmp_path, arrays)
    costume = Costume(wardrobe, [garment], None, UNTINTED)
    assert costume.solid == len(costume.faces)
    assert len(costume.faces) < len(wardrobe.faces)
    red = _red(_picture(wardrobe, [garment]))
    assert red.mean() > 0.02
    row, column = (np.flatnonzero(red.any(axis)) for axis in (1, 0))
    assert column.max() - column.min() > 50  # 0.6 m at 300 px a metre at three metres
    assert red[row.min() + 3 : row.max() - 3, 99].all()


def test_a_tint_gives_it_the_looks_colour(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    assert not _red(_picture(wardrobe, [_garment(tmp_path, arrays)], torch.ones(1, 2))).any()


@pytest.mark.parametrize(("zone", "tint", "own"), [(Zone.TEETH, 1.0, True), (Zone.BROWS, 0.0, False)])
def test_teeth_have_no_colour_but_their_own_and_brows_that_of_the_hair(
    wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path, zone: Zone, tint: float, *, own: bool
) -> None:
    garment = replace(_garment(tmp_path, arrays), zone=zone)
    assert bool(_red(_picture(wardrobe, [garment], torch.full((1, 2), tint))).mean() > 0.02) is own


def test_each_garment_has_its_own_tint_whatever_their_order(
    wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path
) -> None:
    holes = np.full((8, 8, 4), (*RED[::-1], 255), np.uint8)
    holes[:, :4, 3] = 0
    with_holes, whole = _garment(tmp_path / "holes", arrays, holes), _garment(tmp_path / "whole", arrays)
    for tints, seen in (((0.0, 1.0, 0.0), True), ((0.0, 0.0, 1.0), False)):  # of the whole one, which is drawn below
        picture = _picture(wardrobe, [with_holes, whole], torch.tensor((tints,)))
        assert bool(_red(picture).mean() > 0.02) is seen


def test_the_body_is_seen_where_a_garment_is_not_there(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    texture = np.full((8, 8, 4), (*RED[::-1], 255), np.uint8)
    texture[:, :4, 3] = 0  # the left halves of its quads
    garment = _garment(tmp_path, arrays, texture)
    assert garment.see_through
    costume = Costume(wardrobe, [garment], None, UNTINTED)
    assert costume.solid == len(costume.faces) - len(garment.faces)
    whole, half = (_red(_picture(wardrobe, [g])).sum() for g in (_garment(tmp_path / "other", arrays), garment))
    assert 0.3 * whole < half < 0.75 * whole


def test_skin_has_its_own_picture(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    garment = _garment(tmp_path, arrays)
    texture = Texture(np.full((4, 4, 4), (10, 200, 30, 255), np.uint8))
    skin = Skin(np.full((len(arrays.faces), 3, 2), 0.5, np.float32), texture)
    for tint, expected in ((0.0, True), (1.0, False)):
        costume = Costume(wardrobe, [garment], skin, torch.tensor(((tint, 0.0),)))
        vertices, look = _dressed(wardrobe, costume)
        sprite, _ = Drawn(vertices, wardrobe, look, costume).sprite(VIEW, SIZE)
        green = (sprite[0, ..., :3].int() - torch.tensor((10, 200, 30))).abs().amax(-1) < 12
        assert bool(green.float().mean() > 0.01) is expected


def test_drawn_clothes_give_way(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    costume = Costume(wardrobe, [_garment(tmp_path, arrays)], None, UNTINTED)
    look = Looks(torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in range(20)])))
    changed = costume.look(look)
    assert (changed["thickness"][:, 0] == 0).all()
    assert (changed["hem"] > 0.5).all()
    for kept in ("bottom", "waist", "skin", "hair_kind"):
        torch.testing.assert_close(changed[kept], look[kept])
    torch.testing.assert_close(changed["thickness"][:, 1:], look["thickness"][:, 1:])


def test_drawn_brows_give_way_to_others(wardrobe: Wardrobe, arrays: BodyArrays, tmp_path: Path) -> None:
    brows = replace(_garment(tmp_path, arrays), zone=Zone.BROWS)
    look = Looks(torch.from_numpy(random_look(np.random.default_rng(4))[None]))
    assert look["brows"].item() > 0
    changed = Costume(wardrobe, [brows], None, UNTINTED).look(look)
    assert changed["brows"].item() == 0
    torch.testing.assert_close(changed["hem"], look["hem"])
