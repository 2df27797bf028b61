"""The picture of what steadiness costs: lag against acceleration error, a curve for every family of filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE_WH, _EDGE = (900, 620), 80
_INK, _GRID = (40, 40, 40), (225, 225, 225)
_COLOURS = ((200, 90, 20), (40, 130, 40), (160, 60, 160), (60, 60, 220))  # BGR

Points = Sequence[tuple[str, float, float]]  # name, lag [ms], share of the raw acceleration error that is left


def draw(path: Path, families: Mapping[str, Points]) -> None:
    """Write a PNG."""
    picture = np.full((_SIZE_WH[1], _SIZE_WH[0], 3), 255, np.uint8)
    points = [point for each in families.values() for point in each]
    low, high = min(0.0, *(lag for _, lag, _ in points)) - 5, max(lag for _, lag, _ in points) + 10
    top = max(left for _, _, left in points) * 1.15

    def at(lag: float, left: float) -> tuple[int, int]:
        width, height = _SIZE_WH
        x = _EDGE + (width - 2 * _EDGE) * (lag - low) / (high - low)
        return round(x), round(height - _EDGE - (height - 2 * _EDGE) * left / top)

    for tick in range(int(np.ceil(low / 10)) * 10, int(high) + 1, 10):
        cv2.line(picture, at(tick, 0), at(tick, top), _GRID, 1)
        _write(picture, f"{tick}", (at(tick, 0)[0] - 8, at(tick, 0)[1] + 20))
    for percent in range(0, int(100 * top) + 1, 10):
        cv2.line(picture, at(low, percent / 100), at(high, percent / 100), _GRID, 1)
        _write(picture, f"{percent} %", (at(low, 0)[0] - 50, at(low, percent / 100)[1] + 5))
    for (family, each), colour in zip(families.items(), _COLOURS, strict=False):
        places = [at(lag, left) for _, lag, left in sorted(each, key=lambda point: point[1])]
        cv2.polylines(
            picture, [np.array(places, np.int32)], isClosed=False, color=colour, thickness=2, lineType=cv2.LINE_AA
        )
        for name, lag, left in each:
            cv2.circle(picture, at(lag, left), 5, colour, -1, cv2.LINE_AA)
            _write(picture, name.removeprefix(family).strip(), (at(lag, left)[0] + 8, at(lag, left)[1] - 6), colour)
        row = 30 + 22 * list(families).index(family)
        cv2.circle(picture, (_SIZE_WH[0] - 190, row - 5), 5, colour, -1, cv2.LINE_AA)
        _write(picture, family, (_SIZE_WH[0] - 175, row), colour)
    _write(picture, "added lag, ms", (_SIZE_WH[0] // 2 - 50, _SIZE_WH[1] - 25))
    _write(picture, "acceleration error left, of the raw estimates'", (20, 30))
    cv2.imwrite(str(path), picture)


def _write(picture: NDArray[Any], text: str, at: tuple[int, int], colour: tuple[int, int, int] = _INK) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
