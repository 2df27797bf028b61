"""Loader processes draw each their own, and the same again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset

from training.loaders import batches, loader_rng


class Numbers(IterableDataset[float]):
    """Random ones, in steps of a loader."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __iter__(self) -> Iterator[float]:
        rng = loader_rng(self._seed)
        while True:
            yield float(rng.random())


@pytest.mark.parametrize("processes", [0, 2])
def test_each_process_draws_its_own_and_the_same_again(processes: int) -> None:
    stream: Iterator[torch.Tensor] = batches(Numbers(1), 3, processes)
    drawn = torch.cat(list(islice(stream, 4)))
    streams = [np.random.default_rng((1, process)) for process in range(processes or 1)]
    expected = [streams[batch % len(streams)].random(3) for batch in range(4)]
    np.testing.assert_allclose(drawn, np.concatenate(expected))


def test_without_processes_torch_keeps_its_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert isinstance(loader_rng(0), np.random.Generator)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_items_may_be_put_together_in_another_way() -> None:
    stream: Iterator[list[float]] = batches(Numbers(1), 3, 0, list)
    assert isinstance(next(stream), list)
