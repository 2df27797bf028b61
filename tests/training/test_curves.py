"""Loss curves as a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.curves import draw_curves

HISTORY = [{"step": 200.0 * k, "minutes": 0.5 * k, "total": 9.0 / k, "boxes": 0.3 / k} for k in range(1, 6)]


def test_every_loss_is_a_plot(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    draw_curves(HISTORY, path)
    picture = cv2.imread(str(path))
    assert picture is not None
    width = picture.shape[1]
    blue = np.ptp(picture.astype(int), axis=-1) > 40  # curves alone are coloured
    assert blue[:, : width // 4].any()
    assert blue[:, width // 4 : width // 2].any()
    assert not blue[:, width // 2 :].any()
    rows = [np.flatnonzero(column).mean() for column in blue[:, : width // 4].T if column.any()]
    assert rows[-1] > rows[0] + 50  # the loss falls


def test_a_loss_that_came_later_is_drawn_from_there(tmp_path: Path) -> None:
    draw_curves([*HISTORY, {**HISTORY[-1], "new": 1.0}], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").is_file()


@pytest.mark.parametrize("rows", [0, 1])
def test_there_is_no_picture_of_less_than_two_rows(tmp_path: Path, rows: int) -> None:
    draw_curves(HISTORY[:rows], tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


def test_a_picture_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="could not be written"):
        draw_curves(HISTORY, tmp_path / "nowhere" / "curves.png")
