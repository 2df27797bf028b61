"""Networks in half precision where it is harmless: feature extractors in FP16, coordinates, heatmaps and heads in FP32.

A graph converted as a whole samples its crops at FP16 coordinates, which cost a hundred times more accuracy than FP16
weights do. Here each trunk is half precision and what it gives is float32 again, so all inputs and outputs are as ever.
"""

from __future__ import annotations

import copy

from torch import Tensor, nn

from models.networks.detector import Detector
from models.networks.hand4whole import Hand4Whole
from models.networks.resnet import ResNet

KEPT_FLOAT = ("sampling and coordinates", "heatmaps", "box, rotation, shape, camera and face regressors")


class _Half(nn.Module):
    """A trunk in half precision between float32 tensors."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk.half()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.trunk(x.half())
        return y.float()

    def stages(self, image: Tensor) -> list[Tensor]:
        """See `ResNet.stages`."""
        assert isinstance(self.trunk, ResNet)
        return [features.float() for features in self.trunk.stages(image.half())]


class _Single(nn.Module):
    """The last stage of a trunk in half precision, in float32."""

    def __init__(self, stage: nn.Module) -> None:
        super().__init__()
        self.stage = stage.float()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.stage(x.float())
        return y


def half_trunks(network: Hand4Whole, *, end_in_float: bool = False) -> Hand4Whole:
    """A copy whose backbones and upsampling are in half precision. end_in_float: but for BodyNet's last stage, which
    poses depend on most."""
    copied = copy.deepcopy(network)
    for owner, name in (
        (copied, "backbone"),
        (copied.box_net, "deconv"),
        (copied.hand_roi_net, "backbone"),
        (copied.face_roi_net, "backbone"),
    ):
        setattr(owner, name, _Half(getattr(owner, name)))
    if end_in_float:
        trunk = copied.backbone.trunk
        trunk.layer4 = _Single(trunk.layer4)  # type: ignore[union-attr, arg-type]
    return copied.eval()


def half_detector(detector: Detector) -> Detector:
    """A copy whose backbone is in half precision."""
    copied = copy.deepcopy(detector)
    copied.backbone = _Half(copied.backbone)  # type: ignore[assignment]
    return copied.eval()
