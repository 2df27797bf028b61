"""Real places: panoramas and photographs out of one folder, parts of the latter, and what is neither."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from training.backgrounds import Pool, pool_of
from training.places import Places, part, read_places

HIGH = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A panorama of 8 bits, red; one of light as it is, grey; and a photograph, blue."""
    cv2.imwrite(str(tmp_path / "around.png"), np.full((HIGH, 2 * HIGH, 3), (0, 0, 200), np.uint8))
    cv2.imwrite(str(tmp_path / "light.hdr"), np.full((HIGH, 2 * HIGH, 3), 7.5, np.float32))
    cv2.imwrite(str(tmp_path / "room.png"), np.full((HIGH, 48, 3), (200, 0, 0), np.uint8))
    return tmp_path


def test_a_picture_twice_as_wide_as_high_is_a_panorama(folder: Path) -> None:
    (red, grey), (photograph,) = read_places(folder)
    assert red[0, 0] == pytest.approx(((200 / 255) ** 2.2, 0, 0), abs=1e-4)
    assert np.allclose(grey, 7.5, rtol=0.01)
    assert photograph.shape == (HIGH, 48, 3)
    assert photograph[0, 0].tolist() == [0, 0, 200]


def test_pictures_are_of_both_kinds(folder: Path) -> None:
    places, rng = read_places(folder), np.random.default_rng(0)
    blue = [bool(np.argmax(places.picture(rng, (8, 8))[0, 0]) == 2) for _ in range(60)]
    assert 0.4 < np.mean(blue) < 0.9  # grey is tinted, and blue at times
    for one in (Places(panoramas=places.panoramas), Places(photographs=places.photographs)):
        assert one.picture(rng, (12, 8)).shape == (8, 12, 3)


def test_parts_are_cut_from_anywhere_at_many_sizes_and_exposures() -> None:
    y, x = np.mgrid[:200, :300]
    photograph = np.stack((x * 255 // 300, y * 255 // 200, np.full_like(x, 128)), -1).astype(np.uint8)
    parts = [part(np.random.default_rng(seed), [photograph], (30, 40)) for seed in range(80)]
    assert all(image.shape == (40, 30, 3) and image.dtype == np.uint8 for image in parts)
    wide = np.array([np.ptp(image[20, :, 0].astype(int)) for image in parts])
    assert wide.min() < 90
    assert wide.max() > 110
    assert np.std([image[..., 2].mean() for image in parts]) > 15
    assert 0.3 < np.mean([int(image[20, 0, 0]) > int(image[20, -1, 0]) for image in parts]) < 0.7  # flipped


def test_the_smallest_photograph_gives_a_part() -> None:
    pixel = np.full((1, 1, 3), 9, np.uint8)
    assert part(np.random.default_rng(0), [pixel], (5, 4)).shape == (4, 5, 3)


def test_half_of_a_pool_are_real_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = Mock(side_effect=lambda _, size_wh: np.zeros((size_wh[1], size_wh[0], 3), np.uint8))
    monkeypatch.setattr(Places, "picture", pictures)
    pool_of(np.random.default_rng(0), 40, folder)
    assert 10 < pictures.call_count < 30
    pictures.reset_mock()
    pool_of(np.random.default_rng(0), 10, None)
    Pool(np.random.default_rng(0), 10)
    pictures.assert_not_called()


def test_what_is_no_place_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(FileNotFoundError, match="no picture in"):
        read_places(tmp_path_factory.mktemp("empty"))
    cv2.imwrite(str(folder / "square.hdr"), np.zeros((8, 8, 3), np.float32))
    with pytest.raises(ValueError, match="8 x 8; a panorama is twice as wide"):
        read_places(folder)
    (folder / "square.hdr").unlink()
    (folder / "none.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="cannot be read"):
        read_places(folder)
