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
_TRADEOFF_WH, _TRADEOFF_EDGE = (900, 620), 80

Points = Sequence[tuple[str, float, float]]  # name, lag [ms], share of the raw acceleration error that is left


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
        _path(picture, [at(x, y) for x, y in sorted(points)], colour)
        _write(picture, name, (left + width + 12, 2 * _EDGE + 20 * number), colour)
    _write(picture, title, (_EDGE, _EDGE))
    _write(picture, f"{x_name}; up: {y_name}", (left, base + 44))
    _save(path, picture)


def tradeoff(path: Path, families: Mapping[str, Points]) -> None:
    """Write a PNG of what steadiness costs: lag against acceleration error, a curve for every family of filters."""
    width, height = _TRADEOFF_WH
    picture = _blank(width, height)
    points = [point for each in families.values() for point in each]
    low, high = min(0.0, *(lag for _, lag, _ in points)) - 5, max(lag for _, lag, _ in points) + 10
    top = max(left for _, _, left in points) * 1.15

    def at(lag: float, left: float) -> tuple[int, int]:
        x = _TRADEOFF_EDGE + (width - 2 * _TRADEOFF_EDGE) * (lag - low) / (high - low)
        return round(x), round(height - _TRADEOFF_EDGE - (height - 2 * _TRADEOFF_EDGE) * left / top)

    for tick in range(int(np.ceil(low / 10)) * 10, int(high) + 1, 10):
        cv2.line(picture, at(tick, 0), at(tick, top), _PALE, 1)
        _write(picture, f"{tick}", (at(tick, 0)[0] - 8, at(tick, 0)[1] + 20))
    for percent in range(0, int(100 * top) + 1, 10):
        cv2.line(picture, at(low, percent / 100), at(high, percent / 100), _PALE, 1)
        _write(picture, f"{percent} %", (at(low, 0)[0] - 50, at(low, percent / 100)[1] + 5))
    for number, (family, each) in enumerate(families.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        _path(picture, [at(lag, left) for _, lag, left in sorted(each, key=lambda point: point[1])], colour)
        for name, lag, left in each:
            x, y = at(lag, left)
            _write(picture, name.removeprefix(family).strip(), (x + 8, y - 6), colour)
        row = 30 + 22 * number
        cv2.circle(picture, (width - 190, row - 5), 5, colour, -1, cv2.LINE_AA)
        _write(picture, family, (width - 175, row), colour)
    _write(picture, "added lag, ms", (width // 2 - 50, height - 25))
    _write(picture, "acceleration error left, of the raw estimates'", (20, 30))
    _save(path, picture)


def _path(picture: Image, places: Sequence[tuple[int, int]], colour: Colour) -> None:
    """A line from place to place, with a dot at each."""
    line = np.array(places, np.int32)
    cv2.polylines(picture, [line], isClosed=False, color=colour, thickness=2, lineType=cv2.LINE_AA)
    for place in places:
        cv2.circle(picture, place, 4, colour, -1, cv2.LINE_AA)


def _blank(width: int, height: int) -> Image:
    return np.full((height, width, 3), 255, np.uint8)


def _write(picture: Image, text: str, at: tuple[int, int], colour: Colour = _INK) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)


def _save(path: Path, picture: Image) -> None:
    if not cv2.imwrite(str(path), picture):
        raise OSError(f"{path} could not be written")
