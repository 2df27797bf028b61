"""What is asked of the detector's features."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.joints import SMPLX_BODY
from training.crowd_parts import IGNORED, NOBODY, kinds, kinds_loss
from training.parts import PARTS

_NAMES = ("pelvis", *SMPLX_BODY)


def test_left_and_right_are_one_kind_and_nothing_else_is() -> None:
    found = kinds(np.arange(PARTS + 1))
    assert found.dtype == np.int8
    alike: dict[str, set[int]] = {}
    for name, kind in zip(_NAMES, found[:PARTS].tolist(), strict=True):
        alike.setdefault(name.removeprefix("left_").removeprefix("right_"), set()).add(kind)
    assert all(len(each) == 1 for each in alike.values())
    assert sorted(kind for each in alike.values() for kind in each) == list(range(NOBODY))
    assert found[PARTS] == IGNORED


def test_what_is_not_asked_costs_nothing_and_nobody_costs_less() -> None:
    truth = torch.tensor([[[3, NOBODY], [IGNORED, 3]]], dtype=torch.int8)
    right = torch.zeros(1, NOBODY + 1, 2, 2)
    right[0, 3, 0, 0] = right[0, NOBODY, 0, 1] = right[0, 7, 1, 0] = right[0, 3, 1, 1] = 40.0
    assert float(kinds_loss(right, truth)) == pytest.approx(0.0, abs=1e-6)
    unsure_of_one, unsure_of_nobody = right.clone(), right.clone()
    unsure_of_one[0, :, 0, 0] = unsure_of_nobody[0, :, 0, 1] = 0.0
    one, nobody = (float(kinds_loss(each, truth)) for each in (unsure_of_one, unsure_of_nobody))
    assert nobody == pytest.approx(0.25 * one)
    assert one == pytest.approx(math.log(NOBODY + 1) / 2.25, rel=1e-5)
