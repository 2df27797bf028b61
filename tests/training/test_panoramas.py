"""Views of panoramas: that they look where they should, and what is no panorama is refused."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from training.backgrounds import Pool, pool_of
from training.panoramas import _looked_up, read_panoramas, view

HIGH = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of 8 bits, blue above and red below, and one of light as it is, grey."""
    sky = np.zeros((HIGH, 2 * HIGH, 3), np.uint8)
    sky[: HIGH // 2, :, 0], sky[HIGH // 2 :, :, 2] = 200, 200
    cv2.imwrite(str(tmp_path / "sky.png"), sky)
    cv2.imwrite(str(tmp_path / "grey.hdr"), np.full((HIGH, 2 * HIGH, 3), 7.5, np.float32))
    return tmp_path


def test_both_kinds_of_files_are_read_as_light(folder: Path) -> None:
    grey, sky = read_panoramas(folder)
    assert np.allclose(grey, 7.5, rtol=0.01)
    assert sky[0, 0] == pytest.approx((0, 0, (200 / 255) ** 2.2), abs=1e-4)  # RGB
    assert sky[-1, 0, 0] == sky[0, 0, 2]


def test_rays_find_their_direction() -> None:
    y, x = np.mgrid[:HIGH, : 2 * HIGH]
    panorama = np.stack((x, y, 0 * x), -1).astype(np.float32)
    rays = np.array([[(0, 0, 1.0), (1, 0, 0), (0, -1, 1e-9), (0, 1, 1e-9)]])  # ahead, right, up, down
    (ahead, right, up, down) = _looked_up(panorama, rays)[0]
    assert ahead[:2] == pytest.approx((HIGH - 0.5, HIGH / 2 - 0.5))
    assert right[0] - ahead[0] == pytest.approx(HIGH / 2, abs=0.01)
    assert up[1] == 0
    assert down[1] == HIGH - 1


def test_a_view_is_a_picture_with_the_sky_above(folder: Path) -> None:
    panoramas = read_panoramas(folder)[1:]
    above = 0
    for seed in range(20):
        image = view(np.random.default_rng(seed), panoramas, (60, 40))
        assert image.shape == (40, 60, 3)
        assert image.dtype == np.uint8
        above += image[0, 30, 2] >= image[0, 30, 0]
    assert above > 15


def test_no_two_views_are_alike(folder: Path) -> None:
    panoramas, rng = read_panoramas(folder), np.random.default_rng(0)
    assert len({view(rng, panoramas, (20, 20)).tobytes() for _ in range(10)}) == 10


def test_half_of_a_pool_are_views(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views = Mock(side_effect=view)
    monkeypatch.setattr("training.backgrounds.view", views)
    pool_of(np.random.default_rng(0), 40, folder)
    assert 10 < views.call_count < 30
    views.reset_mock()
    pool_of(np.random.default_rng(0), 10, None)
    Pool(np.random.default_rng(0), 10)
    views.assert_not_called()


def test_what_is_no_panorama_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(FileNotFoundError, match="no panorama in"):
        read_panoramas(tmp_path_factory.mktemp("empty"))
    cv2.imwrite(str(folder / "square.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="8 x 8; a panorama is twice as wide"):
        read_panoramas(folder)
    (folder / "square.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="cannot be read"):
        read_panoramas(folder)
