"""Half precision, where it is quicker."""

from __future__ import annotations

import torch

_QUICK_ON = ("avx512_bf16", "amx_bf16")


def bfloat16_is_quick(device: str) -> bool:
    """On a GPU, and on a CPU that computes in it; on others it takes seventeen times as long as float32."""
    capabilities = torch.cpu.get_capabilities()
    return device != "cpu" or any(capabilities.get(name) for name in _QUICK_ON)


def bfloat16_where_quick(device: str) -> torch.autocast:
    """Autocast to bfloat16."""
    return torch.autocast(device, torch.bfloat16, enabled=bfloat16_is_quick(device))
