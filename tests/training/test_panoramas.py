"""Views of panoramas: that they look where they should."""

from __future__ import annotations

import numpy as np
import pytest

from training.panoramas import Panorama, _looked_up, as_light, view

HIGH = 32


@pytest.fixture
def sky() -> Panorama:
    """Blue above and red below."""
    image = np.zeros((HIGH, 2 * HIGH, 3), np.uint8)
    image[: HIGH // 2, :, 2], image[HIGH // 2 :, :, 0] = 200, 200
    return as_light(image)


def test_bytes_become_light_and_light_stays(sky: Panorama) -> None:
    assert sky[0, 0] == pytest.approx((0, 0, (200 / 255) ** 2.2), abs=1e-4)
    assert np.array_equal(as_light(sky), sky)


def test_rays_find_their_direction() -> None:
    y, x = np.mgrid[:HIGH, : 2 * HIGH]
    panorama = np.stack((x, y, 0 * x), -1).astype(np.float32)
    rays = np.array([[(0, 0, 1.0), (1, 0, 0), (0, -1, 1e-9), (0, 1, 1e-9)]])  # ahead, right, up, down
    (ahead, right, up, down) = _looked_up(panorama, rays)[0]
    assert ahead[:2] == pytest.approx((HIGH - 0.5, HIGH / 2 - 0.5))
    assert right[0] - ahead[0] == pytest.approx(HIGH / 2, abs=0.01)
    assert up[1] == 0
    assert down[1] == HIGH - 1


def test_a_view_is_a_picture_with_the_sky_above(sky: Panorama) -> None:
    above = 0
    for seed in range(20):
        image = view(np.random.default_rng(seed), [sky], (60, 40))
        assert image.shape == (40, 60, 3)
        assert image.dtype == np.uint8
        above += image[0, 30, 2] >= image[0, 30, 0]
    assert above > 15


def test_no_two_views_are_alike(sky: Panorama) -> None:
    rng = np.random.default_rng(0)
    assert len({view(rng, [sky], (20, 20)).tobytes() for _ in range(10)}) == 10
