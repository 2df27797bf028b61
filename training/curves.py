"""Loss curves as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_WH = (420, 240)
_EDGE = 46  # wide enough for four digits of a loss
_COLUMNS = 4
_FRAME, _INK, _CURVE = (200, 200, 200), (40, 40, 40), (160, 60, 20)  # BGR, as OpenCV writes them


def draw_curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write one small plot a loss, logarithmic, over minutes of training; rows hold `minutes`, `step` and the losses.

    Of fewer than two rows there is nothing to draw, and no file is written.
    """
    if len(history) < 2:
        return
    names = [name for name in history[-1] if name not in ("minutes", "step")]
    plots = [_plot(name, [(row["minutes"], row[name]) for row in history if name in row]) for name in names]
    plots += [np.full_like(plots[0], 255)] * (-len(plots) % _COLUMNS)
    rows = [np.concatenate(plots[i : i + _COLUMNS], 1) for i in range(0, len(plots), _COLUMNS)]
    if not cv2.imwrite(str(path), np.concatenate(rows)):
        raise OSError(f"{path} could not be written")


def _plot(name: str, points: Sequence[tuple[float, float]]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR; points are minutes and losses."""
    width, height = _WH
    picture = np.full((height, width, 3), 255, np.uint8)
    x, y = np.array(points).T
    y = np.log10(np.maximum(y, 1e-9))
    low, high = y.min(), max(y.max(), y.min() + 0.05)
    px = _EDGE + (x - x[0]) / max(x[-1] - x[0], 1e-9) * (width - 2 * _EDGE)
    py = height - _EDGE - (y - low) / (high - low) * (height - 2 * _EDGE)
    cv2.rectangle(picture, (_EDGE, _EDGE), (width - _EDGE, height - _EDGE), _FRAME, 1)
    line = np.stack((px, py), 1).astype(np.int32)
    cv2.polylines(picture, [line], isClosed=False, color=_CURVE, thickness=1, lineType=cv2.LINE_AA)
    for text, at in (
        (name, (_EDGE, 20)),
        (f"{10**high:.3g}", (2, _EDGE + 4)),
        (f"{10**low:.3g}", (2, height - _EDGE)),
        (f"{x[-1]:.0f} min", (width - 90, height - 10)),
    ):
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
    return picture
