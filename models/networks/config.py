"""Sizes of the networks, in one place, so that a smaller variant is the same code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

BACKBONE_STRIDE = 32
BOX_UPSAMPLING = 8  # three stride-2 transposed convolutions


@dataclass(frozen=True)
class ResNetConfig:
    """Blocks in each of the four stages, the kind of block, and the channels of the first stage."""

    blocks: tuple[int, int, int, int]
    bottleneck: bool
    width: int = 64

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if len(self.blocks) != 4 or min(self.blocks) < 1 or self.width < 1:
            raise ValueError(f"a ResNet has four stages of at least one block, not {self}")

    @property
    def channels(self) -> int:
        """Channels of the last feature map."""
        return 8 * self.width * (4 if self.bottleneck else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of Hand4Whole; the defaults are the released network's.

    Heights and widths are pixels. The body input is every n-th row and column of the crop, the part
    inputs are squares cut from the crop. All inputs are multiples of the backbone's stride, 32.
    """

    crop_hw: tuple[int, int] = (512, 384)
    body_hw: tuple[int, int] = (256, 192)
    hand_px: int = 256
    face_px: int = 192
    body_backbone: ResNetConfig = ResNetConfig((3, 4, 6, 3), bottleneck=True)
    hand_backbone: ResNetConfig = ResNetConfig((3, 4, 6, 3), bottleneck=True)
    face_backbone: ResNetConfig = ResNetConfig((2, 2, 2, 2), bottleneck=False)
    depth_bins: int = 8
    joint_channels: int = 512
    box_channels: int = 256

    def __post_init__(self) -> None:
        object.__setattr__(self, "crop_hw", tuple(self.crop_hw))
        object.__setattr__(self, "body_hw", tuple(self.body_hw))
        for size in (*self.body_hw, self.hand_px, self.face_px):
            if not isinstance(size, int) or size < 2 * BACKBONE_STRIDE or size % BACKBONE_STRIDE:
                raise ValueError(
                    f"network inputs must be multiples of {BACKBONE_STRIDE} px, not {size}; the least is two of them"
                )
        for name in ("depth_bins", "joint_channels", "box_channels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        ratios = {crop / body for crop, body in zip(self.crop_hw, self.body_hw, strict=True)}
        ratio = ratios.pop()
        if ratios or ratio < 1 or not ratio.is_integer():
            raise ValueError(f"the crop {self.crop_hw} must be a whole multiple of the body input {self.body_hw}")

    @property
    def crop_stride(self) -> int:
        """Rows and columns of the crop for each one of the body input."""
        return self.crop_hw[0] // self.body_hw[0]

    @property
    def body_cells_hw(self) -> tuple[int, int]:
        """Height and width of the body feature map."""
        return self.body_hw[0] // BACKBONE_STRIDE, self.body_hw[1] // BACKBONE_STRIDE

    @property
    def hand_cells(self) -> int:
        """Side of a hand feature map."""
        return self.hand_px // BACKBONE_STRIDE

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts, as JSON and a checkpoint hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """The inverse of `to_dict`. Raises ValueError for a size that does not exist."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown network sizes {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        backbones = {key: ResNetConfig(**values[key]) for key in values if key.endswith("_backbone")}
        return cls(**{**values, **backbones})
