"""The dense heads: what they say of each cell, and what that costs."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from training.dense import BODY, HAND, WEIGHTS, Dense, DenseHead, dense_losses

KINDS = pytest.mark.parametrize("dense", [BODY, HAND], ids=lambda dense: dense.name)
SMALL = Dense("body", 8, 2)


def _batch(parts: list[list[int]], depths: list[list[float]]) -> dict[str, Tensor]:
    return {"body_parts": torch.tensor([parts], dtype=torch.int8), "body_depths": torch.tensor([depths])}


@KINDS
def test_each_feature_gives_the_cells_in_it(dense: Dense) -> None:
    head = DenseHead(dense, 5)
    torch.nn.init.normal_(head.conv.weight)
    features = torch.zeros(1, 5, 4, 3)
    features[0, :, 1, 2] = 1.0
    logits, depth_m = head(features)
    finer = dense.finer
    assert logits.shape == (1, dense.parts + 1, 4 * finer, 3 * finer)
    assert depth_m.shape == (1, 4 * finer, 3 * finer)
    for value in (*logits[0], depth_m[0]):
        rows, columns = value.nonzero().unbind(1)
        assert len(rows) == finer**2
        assert set((rows // finer).tolist()) == {1}
        assert set((columns // finer).tolist()) == {2}


@KINDS
def test_a_new_head_knows_nothing_and_moves_nothing(dense: Dense) -> None:
    features = torch.randn(2, 5, 4, 3, requires_grad=True)
    found = DenseHead(dense, 5)(features)
    shape = found[1].shape
    batch = {f"{dense.name}_parts": torch.ones(shape), f"{dense.name}_depths": torch.ones(shape)}
    losses = dense_losses(dense, found, batch)
    assert losses.keys() == {name for name in WEIGHTS if name.startswith(dense.name)}
    assert losses[f"{dense.name} parts"].item() == pytest.approx(math.log(dense.parts + 1))
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert not features.grad.any()


def test_outside_the_frame_nothing_counts_and_depth_only_on_the_body() -> None:
    batch = _batch([[3, 8], [-1, 5]], [[0.1, 0.0], [9.0, -0.2]])
    logits = torch.zeros(1, 9, 2, 2)
    logits[0, 3, 0, 0] = logits[0, 8, 0, 1] = logits[0, 7, 1, 0] = logits[0, 5, 1, 1] = 50.0
    depth_m = torch.tensor([[[0.2, 4.0], [7.0, 0.2]]])
    found = dense_losses(SMALL, (logits, depth_m), batch)
    assert float(found["body parts"]) == pytest.approx(0.0, abs=1e-6)
    assert float(found["body surface"]) == pytest.approx((0.1 + 0.4) / 2)
    logits[0, 5, 1, 1] = 0.0
    assert float(dense_losses(SMALL, (logits, depth_m), batch)["body parts"]) == pytest.approx(math.log(9) / 3)


def test_what_is_hidden_does_not_count() -> None:
    batch = {"body_parts": torch.tensor([[[1]], [[2]]]), "body_depths": torch.tensor([[[0.5]], [[9.0]]])}
    logits = torch.zeros(2, 9, 1, 1)
    logits[0, 1] = 50.0
    found = dense_losses(SMALL, (logits, torch.zeros(2, 1, 1)), batch, seen=torch.tensor((1.0, 0.0)))
    assert float(found["body parts"]) == pytest.approx(0.0, abs=1e-6)
    assert float(found["body surface"]) == pytest.approx(0.5)
    nothing = dense_losses(SMALL, (logits, torch.zeros(2, 1, 1)), batch, seen=torch.zeros(2))
    assert not any(nothing.values())


def test_nobody_in_the_picture_costs_no_depth() -> None:
    found = dense_losses(SMALL, (torch.zeros(1, 9, 1, 2), torch.ones(1, 1, 2)), _batch([[8, -1]], [[0.0, 0.0]]))
    assert float(found["body surface"]) == 0.0


def test_depths_of_the_last_part_may_count_less() -> None:
    """As the trunk behind a hand."""
    some = Dense("body", 8, 2, last=0.25)
    batch = _batch([[3, 7], [8, 7]], [[0.0, 0.0], [0.0, 0.0]])
    depth_m = torch.tensor([[[1.0, 2.0], [9.0, 2.0]]])
    found = dense_losses(some, (torch.zeros(1, 9, 2, 2), depth_m), batch)
    assert float(found["body surface"]) == pytest.approx((1.0 + 2 * 0.25 * 2.0) / (1 + 2 * 0.25))
    assert HAND.last < BODY.last == 1
