"""Pictures of what was measured: bars and curves, drawn with OpenCV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

_INK, _PALE = (40, 40, 40), (225, 225, 225)  # BGR, as OpenCV writes them
_COLOURS: Sequence[Colour] = ((200, 90, 20), (40, 130, 40), (60, 60, 220), (160, 60, 160), (30, 140, 200), (90, 90, 90))
_EDGE, _ROW, _LETTER = 24, 26, 8  # pixels; a letter's width
_BAR_PX, _PLOT_WH = 460, (560, 340)
_TICKS = 5


def bars(path: Path, title: str, values: Mapping[str, float], marks: Mapping[str, float] | None = None) -> None:
    """Write a PNG with a bar for each value; marks: targets, by the same names, as lines across."""
    marks = marks or {}
    label_px = _LETTER * max(map(len, values)) + 2 * _EDGE
    most = max([*values.values(), *marks.values(), 1e-9])
    picture = _blank(label_px + _BAR_PX + 4 * _EDGE, 3 * _EDGE + _ROW * len(values))
    _write(picture, title, (_EDGE, _EDGE))
    for row, (name, value) in enumerate(values.items()):
        top = 2 * _EDGE + _ROW * row
        end = label_px + round(_BAR_PX * max(value, 0.0) / most)
        cv2.rectangle(picture, (label_px, top), (end, top + _ROW - 8), _COLOURS[0], -1)
        _write(picture, name, (_EDGE, top + 14))
        _write(picture, f"{value:.3g}", (end + 8, top + 14))
        if name in marks:
            at = label_px + round(_BAR_PX * marks[name] / most)
            cv2.line(picture, (at, top - 3), (at, top + _ROW - 5), _COLOURS[2], 2)
    _save(path, picture)


def curves(
    path: Path, title: str, x_name: str, series: Mapping[str, Sequence[tuple[float, float]]], y_name: str
) -> None:
    """Write a PNG with a curve of (x, y) for each series, y from zero; x as they come, evenly spaced."""
    xs = sorted({x for points in series.values() for x, _ in points})
    top = 1.1 * max([y for points in series.values() for _, y in points] + [1e-9])
    (width, height), left = _PLOT_WH, 3 * _EDGE
    base = 2 * _EDGE + height
    picture = _blank(left + width + 9 * _EDGE, base + 3 * _EDGE)

    def at(x: float, y: float) -> tuple[int, int]:
        column = (xs.index(x) + 0.5) / len(xs)
        return round(left + width * column), round(base - height * y / top)

    for tick in range(_TICKS + 1):
        y = top * tick / _TICKS
        cv2.line(picture, (left, at(xs[0], y)[1]), (left + width, at(xs[0], y)[1]), _PALE, 1)
        _write(picture, f"{y:.3g}", (_EDGE - 16, at(xs[0], y)[1] + 4))
    for x in xs:
        _write(picture, f"{x:g}", (at(x, 0)[0] - 10, base + 20))
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = np.array([at(x, y) for x, y in sorted(points)], np.int32)
        cv2.polylines(picture, [places], isClosed=False, color=colour, thickness=2, lineType=cv2.LINE_AA)
        for place in places:
            cv2.circle(picture, place.tolist(), 4, colour, -1, cv2.LINE_AA)
        _write(picture, name, (left + width + 12, 2 * _EDGE + 20 * number), colour)
    _write(picture, title, (_EDGE, _EDGE))
    _write(picture, f"{x_name}; up: {y_name}", (left, base + 44))
    _save(path, picture)


def _blank(width: int, height: int) -> Image:
    return np.full((height, width, 3), 255, np.uint8)


def _write(picture: Image, text: str, at: tuple[int, int], colour: Colour = _INK) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)


def _save(path: Path, picture: Image) -> None:
    if not cv2.imwrite(str(path), picture):
        raise OSError(f"{path} could not be written")
