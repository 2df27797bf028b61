"""Pictures of what is trained on and of what comes out: `python -m training.people_sheet`, `training.jpg` and
`results.jpg` in models/open."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Box, Frame
from models.body_file import OPEN_BODY
from training.batches import People
from training.command import run
from training.draw import draw, grid
from training.evaluate import estimated, held_out_frames, tracking
from training.sizes import NETWORK
from training.store import Store

_TRAINED_ON, _RESULTS = 64, 32
_TRAINED_ON_COLUMNS, _RESULT_COLUMNS = 8, 4
_LEAST_SEEN = 0.2
_QUALITY = 82
_MESH = (120, 170, 235)


def training_images(store: Path, places: Path | None = None) -> NDArray[np.uint8]:
    """64 people as the networks see them: body, hands (left ones mirrored), face."""
    Store(store).expect_people()
    items = (item for item in People(store, NETWORK, 1, places) if "face" in item)
    pictures = []
    for _ in range(_TRAINED_ON):
        item = next(items)
        parts = [cv2.resize(part, (72, 72)) for part in (*item["hands"], item["face"])]
        column = np.concatenate((*parts[:2], parts[2][:48]))
        pictures.append(np.concatenate((item["body"], column), 1))
    return grid(pictures, _TRAINED_ON_COLUMNS)


def results(model: str | None) -> NDArray[np.uint8]:
    """32 held-out people and the meshes found in their true boxes, side by side."""
    pictures: list[NDArray[np.uint8]] = []
    with tracking(model) as tracker:
        for number, filmed in enumerate(held_out_frames(2 * _RESULTS)):
            if len(pictures) == _RESULTS:
                break
            if filmed.seen[0] < _LEAST_SEEN:
                continue
            x1, y1, x2, y2 = map(float, filmed.boxes[0])
            person = estimated(tracker, Frame(number, 0.0, filmed.rgb, 0.0), Box((x1, y1, x2, y2), 1.0))
            camera = person.camera
            height, width = filmed.rgb.shape[:2]
            seen = draw(
                person.vertices_m,
                tracker.body.faces,
                (camera.fx, camera.fy, camera.cx, camera.cy),
                (width, height),
                filmed.rgb,
                colour=_MESH,
                supersample=1,
            )
            both = np.concatenate((_around(filmed.rgb, filmed.boxes[0]), _around(seen, filmed.boxes[0])), 1)
            pictures.append(both)
    return grid(pictures, _RESULT_COLUMNS)


def _around(image: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A square cut around a box, 150 pixels wide."""
    centre, half = (box[:2] + box[2:]) / 2, 0.6 * (box[2:] - box[:2]).max()
    scale = 150 / (2 * half)
    matrix = np.array(((scale, 0, 75 - centre[0] * scale), (0, scale, 75 - centre[1] * scale)))
    return np.asarray(cv2.warpAffine(image, matrix, (150, 150), flags=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(prog="python -m training.people_sheet", description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("training-store"))
    parser.add_argument("--places", type=Path, metavar="FOLDER", help="for backgrounds, as in training")
    parser.add_argument("--model", help="a bundle; default: as wb-track finds it")
    parser.add_argument("--out", type=Path, default=OPEN_BODY.parent)
    options = parser.parse_args()
    quality = (cv2.IMWRITE_JPEG_QUALITY, _QUALITY)
    trained_on = training_images(options.store, options.places)
    for name, picture in (("training", trained_on), ("results", results(options.model))):
        cv2.imwrite(str(options.out / f"{name}.jpg"), picture[..., ::-1], quality)


if __name__ == "__main__":
    run(main)
