"""Loader processes: each draws its own people and puts them into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

from training.chances import Rng

Batch = TypeVar("Batch")

_BATCHES_AHEAD = 4


def loader_rng(seed: int) -> Rng:
    """Random numbers of this loader process, which from here on uses one core."""
    worker = torch.utils.data.get_worker_info()
    if worker is None:
        return np.random.default_rng((seed, 0))
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    return np.random.default_rng((seed, worker.id))


def batches(
    items: IterableDataset[Any], size: int, processes: int, collated: Callable[[list[Any]], Batch] | None = None
) -> Iterator[Batch]:
    """Batches of so many items, without end. With no processes they are made where they are asked for."""
    if not processes:
        yield from DataLoader(items, size, collate_fn=collated)
    # A process forked after OpenCV or PyTorch used threads here waits for those threads for ever.
    yield from DataLoader(
        items,
        size,
        num_workers=processes,
        collate_fn=collated,
        prefetch_factor=_BATCHES_AHEAD,
        multiprocessing_context="spawn",
    )
