"""From sprites to what the networks learn from: moved crops on backgrounds, spoiled as by cameras, with targets.

Everything here runs in loader processes, in NumPy and OpenCV, a person at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from models.joints import BODY, JAW, LEFT_HAND
from models.networks.config import NetworkConfig
from training.backgrounds import Image, Pool, pool_of
from training.camera_noise import relit, spoiled
from training.chances import Rng
from training.fabric import dressed
from training.framing import Framed, reframed
from training.loaders import loader_rng
from training.neighbours import neighbours
from training.pictures import Matrix, moved, occluded, outside_black, over, weighted
from training.scene import SPRITE_MARGIN
from training.store import Store
from training.targets import BODY_POINTS, Arrays, Person, body_targets, face_targets, hand_targets, part_window, to_part
from training.views import FACE, LEFT, RIGHT

_POOL = 300  # backgrounds kept ready
_USES = 12  # people for each new background
_ENOUGH_JOINTS = 9  # of 25
# Who is seen from behind is drawn again and again: of those seen so rarely every sixth was taken for somebody seen from
# the front, and in photographs nearly all.
_FROM_BEHIND = 0.3
_TRIES = 8
_WHOLE_EACH = 2  # of so many people one is seen whole, with hands and face; of the others joints, learnt slowest

# How far boxes of parts are missed, standard deviations: of the middle in sides of the box, and of the logarithm of the
# side. BoxNet's miss hands by a median of 0.18, faces by 0.06.
_MISSED = {LEFT: (0.12, 0.17), RIGHT: (0.12, 0.17), FACE: (0.045, 0.1)}
_MOST_LARGER = 1.25

# A third of hands are missed by more, some by a whole side, as when tracking: the wrist head is not to lean on crops as
# if they were right.
_FAR_OFF = 0.3
_LEAST_FAR, _FARTHER = 0.1, 0.35  # sides, the second the mean of what exceeds the first

_CLEAR = 0.5  # of the faces: not spoiled, since what an expression changes is slight
# Of the people: alone, nothing before them but a table, seen by a good camera, as in most photographs. Where everybody
# was drawn as the others are, 0.57 of their joints were found, and 0.68 of those in photographs.
_PLAIN = 0.5
_HIDDEN = 0.25  # of the others have something before them

# The coarsest heights that pictures are reduced to by bad cameras.
_BODY_LEAST_PX, _HAND_LEAST_PX, _FACE_LEAST_PX = 96, 32, 28


class _Stream(IterableDataset[Arrays]):
    """An endless stream of items. Each loader process draws its own."""

    def __init__(self, folder: Path, config: NetworkConfig, seed: int, places: Path | None = None) -> None:
        """folder: of a `Store`. places: for backgrounds, see `read_places`."""
        self._folder, self._config, self._seed, self._places = folder, config, seed, places

    def __iter__(self) -> Iterator[Arrays]:
        rng = loader_rng(self._seed)
        store, pool = Store(self._folder), pool_of(rng, _POOL, self._places)
        while True:
            pool.renew(rng)
            for number in range(_USES):
                yield self._item(rng, store, pool, number)

    def _item(self, rng: Rng, store: Store, pool: Pool, number: int) -> Arrays:
        """number: of the item before the next new background."""
        raise NotImplementedError


class People(_Stream):
    """People, see `item` and `joints_item`."""

    def _item(self, rng: Rng, store: Store, pool: Pool, number: int) -> Arrays:
        make = joints_item if number % _WHOLE_EACH else item
        return make(rng, store, _row(rng, store), pool, self._config)


class Hands(_Stream):
    """People of whom a hand or both can be seen, see `hands_item`."""

    def _item(self, rng: Rng, store: Store, pool: Pool, number: int) -> Arrays:  # noqa: ARG002 - all are alike
        while True:
            found = hands_item(rng, store, store.random_row(rng), pool, self._config)
            if found["hand_valid"].any():
                return found


class Faces(_Stream):
    """People whose face can be seen, see `faces_item`."""

    def _item(self, rng: Rng, store: Store, pool: Pool, number: int) -> Arrays:  # noqa: ARG002 - all are alike
        while True:
            found = faces_item(rng, store, store.random_row(rng), pool, self._config)
            if found["face_valid"]:
                return found


def _row(rng: Rng, store: Store) -> int:
    """Someone of whom most often enough is in the frame to learn from, two of five seen from behind."""
    row = store.random_row(rng)
    for _ in range(_TRIES if rng.random() < _FROM_BEHIND else 0):
        if store.arrays["rotations"][row, 0, 2, 2] > 0:  # which way the pelvis faces
            break
        row = store.random_row(rng)
    window, points = store.arrays["window"][row], store.arrays["points"][row, BODY_POINTS, :2]
    shown = ((points > window[:2]) & (points < window[2:])).all(-1).sum()
    return row if shown >= _ENOUGH_JOINTS or rng.random() < 0.25 else store.random_row(rng)


def collated(items: Sequence[Arrays]) -> dict[str, Tensor]:
    """A batch. `joints_item` of all people (N + M, ...), those seen whole first; the rest of these alone (N, ...)."""
    ordered = sorted(items, key=lambda values: "face" not in values)
    names = ordered[0].keys()
    return {name: torch.from_numpy(np.stack([v[name] for v in ordered if name in v])) for name in names}


def joints_item(rng: Rng, store: Store, row: int, pool: Pool, config: NetworkConfig) -> Arrays:
    """Someone of whom only the body's picture, its joints, whether each can be seen, and its surface are asked; see
    `item`."""
    body = _body(rng, reframed(rng, store.person(row)), store, pool, config)
    return {name: body[name] for name in ("body", "body_joints", "body_valid", "body_parts", "body_depths")}


def hands_item(rng: Rng, store: Store, row: int, pool: Pool, config: NetworkConfig) -> Arrays:
    """What `item` says of someone's hands, and the rotations and coefficients that they hang on."""
    person = store.person(row)
    return {**_hands(rng, person, pool, config), **_parameters(person)}


def faces_item(rng: Rng, store: Store, row: int, pool: Pool, config: NetworkConfig) -> Arrays:
    """What `item` says of someone's face, and its rotations and coefficients."""
    person = store.person(row)
    return {**_face(rng, person, pool, config), **_parameters(person)}


def item(rng: Rng, store: Store, row: int, pool: Pool, config: NetworkConfig) -> Arrays:
    """Inputs and targets of one person.

    body (H, W, 3), hands (2, h, h, 3), left first and mirrored, face (f, f, 3): uint8 RGB. rotations (23, 3, 3) of
    root, about the line of sight to the crop's middle, body and jaw, hand_rotations (2, 15, 3, 3), coefficients (20,):
    float32. And what `targets` gives, but for the sight.
    """
    framed = reframed(rng, store.person(row))
    person = framed.person
    body, parameters = _body(rng, framed, store, pool, config), _parameters(person)
    parameters["rotations"][0] = body.pop("sight").T @ parameters["rotations"][0]
    return {**body, **_hands(rng, person, pool, config), **_face(rng, person, pool, config), **parameters}


def _parameters(person: Person) -> Arrays:
    rotations = person["rotations"]
    return {
        "rotations": np.concatenate((rotations[:1], rotations[BODY], rotations[JAW])).astype(np.float32),
        "hand_rotations": rotations[LEFT_HAND.start :].reshape(2, 15, 3, 3).astype(np.float32),
        "coefficients": person["coefficients"].astype(np.float32),
    }


def _body(rng: Rng, framed: Framed, store: Store, pool: Pool, config: NetworkConfig) -> Arrays:
    person = framed.person
    size_wh = (config.body_hw[1], config.body_hw[0])
    matrix = _crop_matrix(rng, person, size_wh)
    plain = rng.random() < _PLAIN
    behind, before = ([], []) if plain else neighbours(rng, store, person, matrix, size_wh)
    image, hidden = pool.part(rng, size_wh), np.zeros(config.body_hw, bool)
    for sprite in (*behind, dressed(rng, moved(weighted(person["body"]), matrix, size_wh))):
        image = over(sprite, image)
    for sprite in before:
        image, hidden = over(sprite, image), hidden | (sprite[..., 3] > 127)
    table_from = framed.table_from * matrix[1, 1] + matrix[1, 2]
    image, covered = occluded(rng, image, pool, table_from, otherwise=0.0 if plain else _HIDDEN)
    image = relit(rng, image) if plain else spoiled(rng, image, _BODY_LEAST_PX)
    image = outside_black(image, person["window"], matrix)
    return {"body": image} | body_targets(person, matrix, config, hidden | covered)


def _hands(rng: Rng, person: Person, pool: Pool, config: NetworkConfig) -> Arrays:
    sides = []
    for side in (LEFT, RIGHT):
        far_off = rng.random() < _FAR_OFF
        make = _beside_hand if far_off else _part
        image, matrix = make(rng, person, side, pool, (config.hand_px, _HAND_LEAST_PX))
        image = np.ascontiguousarray(image[:, ::-1]) if side == LEFT else image
        found = {"hands": image} | hand_targets(person, side, matrix, config)
        if far_off:  # the hand's maps end where its sprite does
            found["hand_parts"] = np.full_like(found["hand_parts"], -1)
        sides.append(found)
    return {name: np.stack([side[name] for side in sides]) for name in sides[0]}


def _face(rng: Rng, person: Person, pool: Pool, config: NetworkConfig) -> Arrays:
    image, matrix = _part(rng, person, FACE, pool, (config.face_px, _FACE_LEAST_PX))
    return {"face": image} | face_targets(person, matrix, config)


def _part(rng: Rng, person: Person, part: int, pool: Pool, size_and_least_px: tuple[int, int]) -> tuple[Image, Matrix]:
    """A part's crop, and the matrix to it from the part's sprite."""
    size, least = size_and_least_px
    sprite = person["face"] if part == FACE else person["hands"][part]
    matrix = _part_matrix(rng, part, len(sprite), size)
    sprite_there = moved(weighted(sprite), matrix, (size, size))
    image = over(sprite_there, pool.part(rng, (size, size)))
    if part != FACE or rng.random() > _CLEAR:
        image = spoiled(rng, image, least)
    return outside_black(image, part_window(person, part, len(sprite)), matrix), matrix


def _beside_hand(
    rng: Rng, person: Person, side: int, pool: Pool, size_and_least_px: tuple[int, int]
) -> tuple[Image, Matrix]:
    """A hand's crop that misses it by more than the hand's sprite could show, out of the body's, which is coarser; and
    the matrix to it from the hand's sprite."""
    size, least = size_and_least_px
    sprite_px = len(person["hands"][side])
    matrix = _part_matrix(rng, side, sprite_px, size)
    way = rng.normal(0, 1, 2)
    matrix[:, 2] += way * ((_LEAST_FAR + rng.exponential(_FARTHER)) * size / max(float(np.linalg.norm(way)), 1e-6))
    hand = to_part(person, side, sprite_px)
    body = np.concatenate((matrix[:, :2] @ hand[:, :2], matrix[:, :2] @ hand[:, 2:] + matrix[:, 2:]), 1)
    there = moved(weighted(person["body"]), body, (size, size))
    image = spoiled(rng, over(there, pool.part(rng, (size, size))), least)
    return outside_black(image, part_window(person, side, sprite_px), matrix), matrix


def _crop_matrix(rng: Rng, person: Person, size_wh: tuple[int, int]) -> Matrix:
    """(2, 3) from the body's sprite to its crop, somewhat beside where it ought to be."""
    x, y, w, h = person["crop"]
    x, y = x + rng.normal(0, 0.04) * w, y + rng.normal(0, 0.04) * h
    scale = size_wh[1] / (h * np.exp(rng.normal(0, 0.08)))
    return np.array(((scale, 0, size_wh[0] / 2 - x * scale), (0, scale, size_wh[1] / 2 - y * scale)))


def _part_matrix(rng: Rng, part: int, sprite_px: int, size_px: int) -> Matrix:
    """(2, 3) from a part's sprite to its crop, the enlarged box somewhat missed: as far as BoxNet misses hands, but no
    farther than the sprite reaches, whose end would say where the hand is."""
    missed, other = _MISSED[part]
    larger = float(np.exp(rng.normal(0, other)).clip(1 / _MOST_LARGER, _MOST_LARGER))
    most = (SPRITE_MARGIN - larger) / 2  # of the side
    side = sprite_px / SPRITE_MARGIN
    middle = (sprite_px - 1) / 2 + rng.normal(0, missed, 2).clip(-most, most) * side
    scale = size_px / (side * larger)
    x, y = (size_px - 1) / 2 - middle * scale
    return np.array(((scale, 0, x), (0, scale, y)))
