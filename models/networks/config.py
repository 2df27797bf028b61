"""Sizes of the networks, in one place, so that a smaller variant is the same code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

BOX_STRIDE = 4  # pixels of the body input a cell of BoxNet's map
DETECTOR_STRIDE = 8  # input pixels a cell of the detector's map
PARTS_STRIDE = 4  # and a cell of its body parts


@dataclass(frozen=True)
class ResNetConfig:
    """Blocks in each of the four stages, the kind of block, and the channels of the first stage.

    stride: input pixels a cell of the feature map; 16 leaves the last stage at the resolution of the third.
    """

    blocks: tuple[int, int, int, int]
    bottleneck: bool
    width: int = 64
    stride: int = 32

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if len(self.blocks) != 4 or min(self.blocks) < 1 or self.width < 1:
            raise ValueError(f"a ResNet has four stages of at least one block, not {self}")
        if self.stride not in (16, 32):
            raise ValueError(f"the stride of a ResNet is 16 or 32, not {self.stride}")

    @property
    def channels(self) -> int:
        """Channels of the last feature map."""
        return 8 * self.width * (4 if self.bottleneck else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of Hand4Whole; the defaults are the released network's.

    Heights and widths are pixels. The body input is every n-th row and column of the crop, the part
    inputs are squares cut from the crop. All inputs are multiples of their backbone's stride. sharpness: of the body's
    heatmaps when joints are read from them, 1 as they are. flip_test: BodyNet and the wrist head see each crop and its
    mirror image, see `models.networks.flip_test`.
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
    sharpness: float = 1.0
    flip_test: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "crop_hw", tuple(self.crop_hw))
        object.__setattr__(self, "body_hw", tuple(self.body_hw))
        body, hand, face = (b.stride for b in (self.body_backbone, self.hand_backbone, self.face_backbone))
        for size, stride in (*((n, body) for n in self.body_hw), (self.hand_px, hand), (self.face_px, face)):
            if not isinstance(size, int) or size < 2 * stride or size % stride:
                raise ValueError(
                    f"network inputs must be multiples of {stride} px, not {size}; the least is two of them"
                )
        for name in ("depth_bins", "joint_channels", "box_channels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.sharpness < math.inf:
            raise ValueError(f"sharpness must be above zero, not {self.sharpness}")
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
        stride = self.body_backbone.stride
        return self.body_hw[0] // stride, self.body_hw[1] // stride

    @property
    def body_last_x(self) -> float:
        """Where the last column of the body input's pixels is, in cells of its feature map."""
        return (self.body_hw[1] - 1) / self.body_backbone.stride

    @property
    def hand_cells(self) -> int:
        """Side of a hand feature map."""
        return self.hand_px // self.hand_backbone.stride

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts, as JSON and a checkpoint hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """The inverse of `to_dict`. Raises ValueError for a size that does not exist."""
        return cls(**_known(cls, values))


@dataclass(frozen=True)
class DetectorConfig:
    """Sizes of the person detector. input_hw: pixels; people: the most it finds.

    kinds: how many kinds of body parts it tells apart, or none. weighing: where it does, of a box's own logit, of how
    many kinds are seen in the box, and a constant, what the logit of its score is the sum of.
    """

    input_hw: tuple[int, int] = (256, 320)
    backbone: ResNetConfig = ResNetConfig((2, 2, 2, 2), bottleneck=False, width=16)
    channels: int = 48
    people: int = 16
    kinds: int = 0
    weighing: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_hw", tuple(self.input_hw))
        object.__setattr__(self, "weighing", tuple(self.weighing))
        if len(self.input_hw) != 2 or any(size < 64 or size % 32 for size in self.input_hw):
            raise ValueError(f"the detector's input must be two multiples of 32 px from 64 on, not {self.input_hw}")
        if self.backbone.stride != 32 or self.channels < 1:
            raise ValueError(f"the detector needs a backbone of stride 32 and at least one channel, not {self}")
        cells = self.input_hw[0] * self.input_hw[1] // DETECTOR_STRIDE**2
        if not 1 <= self.people <= cells:
            raise ValueError(f"the detector finds between 1 and {cells} people, not {self.people}")
        if self.kinds < 0 or len(self.weighing) != 3:
            raise ValueError(f"the detector needs kinds from 0 on and three numbers to weigh them with, not {self}")

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts, as JSON and a checkpoint hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DetectorConfig:
        """The inverse of `to_dict`. Raises ValueError for a size that does not exist."""
        return cls(**_known(cls, values))


def _known(config: type[NetworkConfig | DetectorConfig], values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for a config from its dict. Raises ValueError naming those it does not have."""
    known = {field.name for field in fields(config)}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"unknown network sizes {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return {key: ResNetConfig(**value) if key.endswith("backbone") else value for key, value in values.items()}
