"""From sprites to what the networks learn from: moved crops on backgrounds, spoiled as by cameras, with targets.

Everything here runs in loader processes, in NumPy and OpenCV, a person at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from models.camera import FOCAL_PX, INPUT_WH
from models.joints import BODY_JOINTS, HAND_JOINTS, SMPLX_POINTS
from models.networks.config import NetworkConfig
from training.backgrounds import random_background, random_colour
from training.camera_noise import spoiled
from training.scene import SPRITE_MARGIN
from training.store import Store

Rng = np.random.Generator
Item = Mapping[str, np.ndarray]

BODY_DEPTH_M = 2.0  # the depth that a heatmap's bins cover, about the pelvis
HAND_DEPTH_M = 0.3  # and about the wrist
PELVIS = np.array((0.0, -0.35, 0.01))

_SIDES = ("left", "right")
_POOL = 300
_POOL_WH = (320, 320)


def _point_of(keypoint: str) -> int:
    """Row of `SMPLX_POINTS` of one of Hand4Whole's body keypoints."""
    name = keypoint.replace("L_", "left_").replace("R_", "right_").lower()
    return SMPLX_POINTS.index(name)


BODY_POINTS = np.array([_point_of(name) for name in BODY_JOINTS])
HAND_POINTS = np.array(
    [
        [
            SMPLX_POINTS.index(f"{side}_{name[:-2].lower()}" + ("" if name[-1] == "4" else name[-1]))
            for name in HAND_JOINTS
        ]
        for side in _SIDES
    ]
)  # (2, 20)
WRISTS = np.array([SMPLX_POINTS.index(f"{side}_wrist") for side in _SIDES])


@dataclass(frozen=True)
class Views:
    """Sizes of the networks' inputs."""

    config: NetworkConfig

    @property
    def body_wh(self) -> tuple[int, int]:
        return self.config.body_hw[1], self.config.body_hw[0]


class People(IterableDataset[Item]):
    """An endless stream of items. Each loader process draws its own."""

    def __init__(self, folder: Path, config: NetworkConfig, seed: int, *, plain: bool = False) -> None:
        """plain: rows in order, each once, nothing moved at random: for evaluation."""
        self._folder, self._views, self._seed, self._plain = folder, Views(config), seed, plain

    def __iter__(self) -> Iterator[Item]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        store = Store(self._folder)
        if self._plain:
            for row in range(number, min(store.written, store.capacity), count):
                yield self._item(store, row, np.random.default_rng((self._seed, row)), None)
            return
        rng = np.random.default_rng((self._seed, number, int.from_bytes(np.random.bytes(4), "little")))
        pool = [random_background(rng, _POOL_WH) for _ in range(_POOL)]
        while True:
            pool[rng.integers(_POOL)] = random_background(rng, _POOL_WH)
            for _ in range(12):
                yield self._item(store, store.random_row(rng), rng, pool)

    def _item(self, store: Store, row: int, rng: Rng, pool: list[np.ndarray] | None) -> Item:
        person = {name: array[row] for name, array in store.arrays.items()}
        item = self._body(person, store, rng, pool)
        item |= self._hands(person, rng, pool)
        item |= self._face(person, rng, pool)
        return item | {
            "rotations": person["rotations"][:23].astype(np.float32),
            "hand_rotations": person["rotations"][25:].reshape(2, 15, 3, 3).astype(np.float32),
            "coefficients": person["coefficients"].astype(np.float32),
        }

    def _body(self, person: Item, store: Store, rng: Rng, pool: list[np.ndarray] | None) -> dict[str, np.ndarray]:
        width, height = self._views.body_wh
        x, y, w, h = person["crop"]
        if pool is not None:
            x, y = x + rng.normal(0, 0.03) * w, y + rng.normal(0, 0.03) * h
            h *= np.exp(rng.normal(0, 0.05))
        scale = height / h
        matrix = np.array(((scale, 0, width / 2 - x * scale), (0, scale, height / 2 - y * scale)))
        behind = _background(rng, pool, (width, height))
        if pool is not None and rng.random() < 0.18:
            behind = _with_other(rng, store, behind)
        image = _over(_warped(person["body"], matrix, (width, height)), behind)
        if pool is not None:
            image = _occluded(rng, image, pool)
            image = spoiled(rng, image, 64)
        image = _outside_black(image, person["window"], matrix)

        points = person["points"]
        px = points[BODY_POINTS, :2] * scale + matrix[:, 2]
        stride = self._views.config.body_hw[0] / self._views.config.body_cells_hw[0]
        bins = (points[BODY_POINTS, 2:] / BODY_DEPTH_M + 0.5) * self._views.config.depth_bins
        inside = (px > -0.5).all(1) & (px < np.array((width, height)) - 0.5).all(1)
        boxes = person["part_boxes"] * scale + np.tile(matrix[:, 2], 2)
        centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        box_inside = (centre > 0).all(1) & (centre < (width, height)).all(1)
        focal = person["pelvis"][3] * scale * INPUT_WH[1] / height
        depth = FOCAL_PX * person["pelvis"][2] / focal
        root = (points[0, :2] * scale + matrix[:, 2]) * (INPUT_WH[1] / height)
        camera = np.append((root - np.array(INPUT_WH) / 2) * depth / FOCAL_PX, depth) - PELVIS
        return {
            "body": image,
            "body_joints": np.concatenate((px / stride, bins), 1).astype(np.float32),
            "body_valid": inside.astype(np.float32),
            "boxes": np.concatenate((centre / stride, size / stride), 1).astype(np.float32),
            "boxes_valid": box_inside.astype(np.float32),
            "camera": camera.astype(np.float32),
            **_model_joints(points[:22, :2] * scale + matrix[:, 2], (width, height)),
        }

    def _hands(self, person: Item, rng: Rng, pool: list[np.ndarray] | None) -> dict[str, np.ndarray]:
        size = self._views.config.hand_px
        cells, bins = self._views.config.hand_cells, self._views.config.depth_bins
        images, joints, valid = [], [], []
        for side in (0, 1):
            sprite = person["hands"][side]
            matrix = _part_matrix(rng, sprite.shape[0], size, move=pool is not None)
            px = person["hand_points"][side] * matrix[0, 0] + matrix[:, 2]
            image = _over(_warped(sprite, matrix, (size, size)), _background(rng, pool, (size, size)))
            window = _in_part(person, side, 2.0, sprite.shape[0])
            if pool is not None:
                image = spoiled(rng, image, 22)
            image = _outside_black(image, window, matrix)
            wrist = WRISTS[side]
            depth = person["points"][HAND_POINTS[side], 2] - person["points"][wrist, 2]
            at = px[HAND_POINTS[side]]
            if side == 0:
                image = image[:, ::-1]
                at = np.stack((size - 1 - at[:, 0], at[:, 1]), 1)
            images.append(np.ascontiguousarray(image))
            depth_bin = (depth / HAND_DEPTH_M + 0.5) * bins
            joints.append(np.concatenate((at * (cells / size), depth_bin[:, None]), 1))
            low, high = person["window"][:2], person["window"][2:]
            whole = person["points"][HAND_POINTS[side], :2]
            shown = ((whole > low) & (whole < high)).all(1).mean()
            valid.append(float(person["part_seen"][side] > 0.015 and shown > 0.5))
        return {
            "hands": np.stack(images),
            "hand_joints": np.stack(joints).astype(np.float32),
            "hand_valid": np.array(valid, np.float32),
        }

    def _face(self, person: Item, rng: Rng, pool: list[np.ndarray] | None) -> dict[str, np.ndarray]:
        size = self._views.config.face_px
        sprite = person["face"]
        matrix = _part_matrix(rng, sprite.shape[0], size, move=pool is not None)
        image = _over(_warped(sprite, matrix, (size, size)), _background(rng, pool, (size, size)))
        if pool is not None:
            image = spoiled(rng, image, 18)
        image = _outside_black(image, _in_part(person, 2, 1.5, sprite.shape[0]), matrix)
        centre = (person["part_boxes"][2, :2] + person["part_boxes"][2, 2:]) / 2
        shown = (centre > person["window"][:2]).all() & (centre < person["window"][2:]).all()
        return {"face": image, "face_valid": np.float32(shown and person["part_seen"][2] > 0.05)}


def _model_joints(px: np.ndarray, size_wh: tuple[int, int]) -> dict[str, np.ndarray]:
    """Where SMPL-X's first 22 joints are, in pixels of a 192 x 256 crop, and which lie in it."""
    inside = (px > 0).all(1) & (px < size_wh).all(1)
    return {
        "body_px": (px * (INPUT_WH[1] / size_wh[1])).astype(np.float32),
        "px_valid": inside.astype(np.float32),
    }


def _part_matrix(rng: Rng, sprite_px: int, size_px: int, *, move: bool) -> np.ndarray:
    """(2, 3) from a part's sprite to its crop, the enlarged box somewhat missed."""
    side = sprite_px / SPRITE_MARGIN
    middle = np.full(2, (sprite_px - 1) / 2)
    if move:
        middle = middle + rng.normal(0, 0.045, 2) * side
        side *= np.exp(rng.normal(0.02, 0.1))
    scale = size_px / side
    offset = (size_px - 1) / 2 - middle * scale
    return np.array(((scale, 0, offset[0]), (0, scale, offset[1])))


def _in_part(person: Item, part: int, enlarged: float, sprite_px: int) -> np.ndarray:
    """The window (4,) in pixels of a part's sprite."""
    box = person["part_boxes"][part]
    side = max(float((box[2:] - box[:2]).max()), 1e-3) * enlarged * SPRITE_MARGIN
    scale = sprite_px / side
    centre = np.tile((box[:2] + box[2:]) / 2, 2)
    return np.asarray((person["window"] - centre) * scale + (sprite_px - 1) / 2)


def _warped(sprite: np.ndarray, matrix: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """RGB and alpha (H, W, 4), moved; colours weighted by alpha, so that edges mix rightly."""
    weighted = cv2.cvtColor(sprite, cv2.COLOR_RGBA2mRGBA)
    return np.asarray(cv2.warpAffine(weighted, matrix, size_wh, flags=cv2.INTER_LINEAR))


def _over(sprite: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """A sprite with weighted colours over a picture; its edge a little soft."""
    soft = cv2.GaussianBlur(sprite, (3, 3), 0.6)
    edge = (soft[..., 3:] > 0) & (soft[..., 3:] < 255)
    sprite = np.where(edge, soft, sprite)
    rest = 255 - sprite[..., 3].astype(np.uint16)
    return (sprite[..., :3] + (behind * rest[..., None] + 127) // 255).astype(np.uint8)


def _background(rng: Rng, pool: list[np.ndarray] | None, size_wh: tuple[int, int]) -> np.ndarray:
    if pool is None:
        return random_background(rng, size_wh)
    image = pool[rng.integers(len(pool))]
    side = rng.uniform(0.3, 1.0) * _POOL_WH[0]
    wide, high = side * min(1.0, size_wh[0] / size_wh[1]), side * min(1.0, size_wh[1] / size_wh[0])
    x, y = rng.uniform(0, _POOL_WH[0] - wide), rng.uniform(0, _POOL_WH[1] - high)
    part = image[int(y) : int(y + high) + 1, int(x) : int(x + wide) + 1]
    part = cv2.resize(part, size_wh, interpolation=cv2.INTER_LINEAR)
    return part[:, ::-1] if rng.random() < 0.5 else part


def _with_other(rng: Rng, store: Store, image: np.ndarray) -> np.ndarray:
    """Someone else behind."""
    height, width = image.shape[:2]
    other = store.arrays["body"][store.random_row(rng)]
    scale = rng.uniform(0.3, 1.1) * height / other.shape[0]
    x, y = rng.uniform(-0.4, 0.9) * width, rng.uniform(-0.2, 0.5) * height
    return _over(_warped(other, np.array(((scale, 0, x), (0, scale, y))), (width, height)), image)


def _occluded(rng: Rng, image: np.ndarray, pool: list[np.ndarray]) -> np.ndarray:
    """Sometimes something before the person: a desk below, a bar, a box, a blob."""
    if rng.random() > 0.35:
        return image
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    kind = rng.random()
    if kind < 0.3:
        top = int(height * rng.uniform(0.6, 0.95))
        points = np.array(((0, top + rng.integers(-12, 12)), (width, top + rng.integers(-12, 12)), (width, height), (0, height)))
        cv2.fillPoly(mask, [points.astype(np.int32)], 255)
    else:
        centre = rng.uniform((0, 0), (width, height))
        axes = np.exp(rng.uniform(np.log(6), np.log(60), 2))
        if kind < 0.65:
            cv2.fillPoly(mask, [cv2.boxPoints((centre.tolist(), (2 * axes).tolist(), rng.uniform(0, 180))).astype(np.int32)], 255)
        else:
            cv2.ellipse(mask, centre.astype(int).tolist(), axes.astype(int).tolist(), rng.uniform(0, 180), 0, 360, 255, -1)
    cover = _background(rng, pool, (width, height)) if rng.random() < 0.5 else random_colour(rng).astype(np.uint8)
    return np.where(mask[..., None] > 0, cover, image)


def _outside_black(image: np.ndarray, window: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Black where the frame ends; window (4,) xyxy in the sprite's pixels."""
    low = window[:2] * matrix[0, 0] + matrix[:, 2]
    high = window[2:] * matrix[0, 0] + matrix[:, 2]
    height, width = image.shape[:2]
    x1, y1 = np.clip(np.ceil(low), 0, (width, height)).astype(int)
    x2, y2 = np.clip(np.floor(high) + 1, 0, (width, height)).astype(int)
    if (x1, y1, x2, y2) == (0, 0, width, height):
        return image
    inside = np.zeros_like(image)
    inside[y1:y2, x1:x2] = image[y1:y2, x1:x2]
    return inside
