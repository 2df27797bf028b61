"""What a batch of drawn people wears of MakeHuman's: meshes with textures over the open body, and skins on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.garment_files import GarmentFile
from training.garments import CLOTH
from training.garments_bound import Bound
from training.looks import SHOULDER_M, Looks
from training.shading import Surface, Texels, Zone
from training.torch_body import blended
from training.wardrobe import Wardrobe, surface_of

_OPAQUE = 0.4  # alpha
_SEEN_THROUGH = 0.01  # share of a garment's corners without which it counts as opaque
_NOWHERE = -9.0  # below every foot


class Texture:
    """Linear light and opacity at places of a picture."""

    def __init__(self, rgba: NDArray[np.uint8]) -> None:
        """rgba: (H, W, 4)."""
        values = torch.from_numpy(rgba.copy()).float() / 255
        self._texels = torch.cat((values[..., :3] ** 2.2, values[..., 3:]), -1)
        opaque = self._texels[..., 3] > _OPAQUE
        self.mean = self._texels[..., :3][opaque].mean(0).nan_to_num().clamp(min=0.01)  # (3,)

    def at(self, uv: Tensor) -> Tensor:
        """(P, 4) at (P, 2): to the right and down, 0..1, repeated beyond."""
        height, width = self._texels.shape[:2]
        wrapped = uv - uv.floor()
        column, row = (wrapped[:, 0] * width).long() % width, (wrapped[:, 1] * height).long() % height
        return self._texels.to(uv.device)[row, column]


_BLANK = Texture(np.full((1, 1, 4), 255, np.uint8))


@dataclass(frozen=True)
class Garment:
    """A garment ready to be worn."""

    zone: Zone
    bound: Bound
    faces: NDArray[np.int32]  # (F, 3)
    corner_uv: NDArray[np.float32]  # (F, 3, 2)
    texture: Texture

    see_through: bool  # whether parts of its faces are not there

    @classmethod
    def of(cls, zone: Zone, file: GarmentFile, bound: Bound) -> Garment:
        """From what was read and bound."""
        texture = Texture(file.texture)
        alpha = texture.at(torch.from_numpy(file.corner_uv).reshape(-1, 2))[:, 3]
        see_through = bool((alpha < _OPAQUE).float().mean() > _SEEN_THROUGH)
        return cls(zone, bound, file.faces, file.corner_uv, texture, see_through)


@dataclass(frozen=True)
class Skin:
    """A picture of bare skin for the whole body."""

    corner_uv: NDArray[np.float32]  # (F, 3, 2) of the body's faces
    texture: Texture


class Costume:
    """Garments and a skin, the same for N people, each of whom has them in other colours."""

    faces: Tensor  # (F, 3) int32: of the body where it is not covered, of its tubes, of garments
    solid: int  # how many of them come before those that are partly not there

    def __init__(self, wardrobe: Wardrobe, garments: Sequence[Garment], skin: Skin | None, tints: Tensor) -> None:
        """tints: (N, 1 + garments) 0..1, how far the skin and each garment take the colours of a look."""
        order = sorted(range(len(garments)), key=lambda number: garments[number].see_through)
        self._garments = [garments[number] for number in order]
        self._tints = tints[:, [0, *(number + 1 for number in order)]]
        body, device = wardrobe.body, wardrobe.faces.device
        bound = [garment.bound for garment in self._garments]
        covered = np.any([np.zeros(len(body.template), bool), *(one.hides for one in bound)], axis=0)
        own = _not_covered(wardrobe, covered)
        with_skin = own[own < len(body.faces)] if skin is not None else own[:0]  # the first ones
        own_uv = np.zeros((len(own), 3, 2), np.float32)
        if skin is not None:
            own_uv[: len(with_skin)] = skin.corner_uv[with_skin]
        own_slots = np.arange(len(own)) < len(with_skin)

        def joined(own: NDArray[Any], others: Sequence[NDArray[Any]], axis: int = 0) -> Tensor:
            return torch.from_numpy(np.concatenate((own, *others), axis)).to(device)

        firsts = np.cumsum([len(wardrobe.attributes), *(len(one.points) for one in bound)]).tolist()
        self.faces = joined(
            wardrobe.faces.cpu().numpy()[own],
            [garment.faces + np.int32(first) for garment, first in zip(self._garments, firsts, strict=False)],
        )
        self.solid = len(own) + sum(len(g.faces) for g in self._garments if not g.see_through)
        self._uv = joined(own_uv, [garment.corner_uv for garment in self._garments])
        self._slots = joined(
            own_slots.astype(np.int64),
            [np.full(len(garment.faces), slot) for slot, garment in enumerate(self._garments, 2)],
        )
        self._places = joined(np.zeros((0, 3), np.float32), [one.points for one in bound])
        moves = np.zeros((len(body.directions), 0), np.float32)
        self._directions = joined(moves, [one.directions for one in bound], 1)
        self._weights = joined(np.zeros((0, body.weights.shape[1]), np.float32), [one.weights for one in bound])
        carried = self._places.new_zeros(len(self._places), wardrobe.attributes.shape[1])
        carried[:, :3], carried[:, -1] = self._places, CLOTH
        self._attributes = torch.cat((wardrobe.attributes, carried))
        self._textures = [_BLANK, _BLANK if skin is None else skin.texture, *(g.texture for g in self._garments)]
        self._zones = torch.tensor([0, Zone.SKIN.value, *(g.zone.value for g in self._garments)], device=device)
        self._means = torch.stack([texture.mean for texture in self._textures]).to(device)

    def look(self, look: Looks) -> Looks:
        """Looks without the drawn clothes and hair that these take the place of."""
        worn = {garment.zone for garment in self._garments}
        off: dict[str, float | tuple[float, ...]] = {}
        thickness = list(range(4))
        if worn & {Zone.SUIT, Zone.DRESS, Zone.TOP}:
            thickness.remove(0)
            off |= {"hem": 0.6, "sleeve": SHOULDER_M, "lapels": (0.0, 0.0), "tie": 0.0, "open_front": 0.0, "glove": 0.0}
        if worn & {Zone.SUIT, Zone.DRESS, Zone.BOTTOM}:
            thickness.remove(1)
            off |= {"waist": _NOWHERE, "skirt": (0.0, 0.0, 0.0)}
        if Zone.HAIR in worn:
            thickness.remove(2)
            off |= {"hair_kind": 1.0, "hair_front": 0.0, "hairline": (0.335, 1.7)}
        if Zone.SHOES in worn:
            thickness.remove(3)
            off |= {"shoe_top": _NOWHERE, "sock_top": _NOWHERE}
        kept = torch.zeros(4)
        kept[thickness] = 1.0
        if Zone.BROWS in worn:
            off |= {"brows": 0.0}
        changed = look.changed(off)
        return changed.changed({"thickness": changed["thickness"] * kept.to(changed["thickness"].device)})

    def dressed(self, wardrobe: Wardrobe, rotations: Tensor, coefficients: Tensor, vertices: Tensor) -> Tensor:
        """(N, V + tubes + G, 3): the wardrobe's vertices (N, V + tubes, 3) and the garments'."""
        transforms = wardrobe.body.transforms(rotations, coefficients)
        shaped = self._places.reshape(-1) + coefficients @ self._directions
        return torch.cat((vertices, blended(self._weights, transforms, shaped.view(len(vertices), -1, 3))), 1)

    def there(self, face: Tensor, weights: Tensor) -> Tensor:
        """(P,) bool: whether faces (P,) are there at weights (P, 3) of their corners."""
        return self._sampled(face, weights)[:, 3] > _OPAQUE

    def surface(self, person: Tensor, face: Tensor, corners: Tensor, weights: Tensor) -> Surface:
        """What P pixels of people (P,) show, of faces (P,) whose corners and weights (P, 3) these are."""
        surface, slot = surface_of(self._attributes, corners, weights), self._slots[face]
        tint = torch.nn.functional.pad(self._tints, (1, 0)).to(face.device)[person, slot, None]
        colour = self._sampled(face, weights)[:, :3]
        return surface._replace(texels=Texels(self._zones[slot], colour, self._means[slot], tint))

    def _sampled(self, face: Tensor, weights: Tensor) -> Tensor:
        """(P, 4) linear colour and alpha of faces (P,) at weights (P, 3) of their corners."""
        uv = (self._uv[face] * weights[..., None]).sum(1)
        slot, found = self._slots[face], weights.new_empty(len(face), 4)
        for number, texture in enumerate(self._textures):
            here = (slot == number).nonzero()[:, 0]
            found[here] = texture.at(uv[here])
        return found


def _not_covered(wardrobe: Wardrobe, covered: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Which of the wardrobe's faces have a corner that is not covered (V,), in their order."""
    bare = np.concatenate((~covered, np.ones(len(wardrobe.attributes) - len(covered), bool)))
    return np.flatnonzero(bare[wardrobe.faces.cpu().numpy()].any(1))
