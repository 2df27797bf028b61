"""Four drawn people that many tests look at. Drawn once a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.body_file import OPEN_BODY, BodyArrays, read_body_file
from training.backgrounds import Pool
from training.scene import Person, PersonSampler, Sprites, Stage
from training.store import Store


@pytest.fixture(scope="session")
def arrays() -> BodyArrays:
    """The shipped body's."""
    return read_body_file(OPEN_BODY)


@pytest.fixture(scope="session")
def stage(arrays: BodyArrays) -> Stage:
    return Stage(arrays)


@pytest.fixture(scope="session")
def people(arrays: BodyArrays) -> list[Person]:
    """Whole at three metres, cut at the waist, cut at the right and above, close to the camera; seen from the front."""
    rng, sampler = np.random.default_rng(8), PersonSampler(arrays)
    drawn = [sampler(rng) for _ in range(4)]
    cuts = ((0, 0, 0, 0), (0, 0, 0, 0.5), (0, 0.1, 0.3, 0), (0, 0, 0, 0.6))
    return [
        replace(person, distance_m=distance_m, cut=np.array(cut, float), jitter=np.array((0.0, 0.0, 1.0)))
        for person, distance_m, cut in zip(drawn, (3.0, 1.5, 2.0, 0.7), cuts, strict=True)
    ]


@pytest.fixture(scope="session")
def sprites(stage: Stage, people: list[Person]) -> Sprites:
    torch.manual_seed(0)
    drawn: Sprites = stage(people)
    return drawn


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory, sprites: Sprites) -> Path:
    """A full store of the four."""
    folder = tmp_path_factory.mktemp("store")
    Store(folder, len(sprites.body)).append(sprites)
    return folder


@pytest.fixture(scope="session")
def store(store_folder: Path) -> Store:
    return Store(store_folder)


@pytest.fixture(scope="session")
def pool() -> Pool:
    """A few backgrounds."""
    return Pool(np.random.default_rng(0), 6)
