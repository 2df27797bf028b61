"""Half precision only where it is quicker."""

from __future__ import annotations

import pytest
import torch

from training.precision import bfloat16_where_quick


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        ({"avx2": True}, torch.float32),
        ({"avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_a_cpu_computes_in_bfloat16_if_it_can(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    with bfloat16_where_quick("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
