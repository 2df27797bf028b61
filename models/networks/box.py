"""Where the hands and the face are in the body crop (BoxNet)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks.sampling import sample_features, soft_argmax, softmax_volume

PART_ENLARGEMENT = (2.0, 2.0, 1.5)  # left hand, right hand, face: part crops are this much wider than the part


class BoxNet(nn.Module):
    """Body features and heatmaps to part centres and sizes, in cells of the body feature map."""

    def __init__(self, channels_in: int, channels: int, upsampling: int) -> None:
        """upsampling: 4 or 8, by as many transposed convolutions of stride 2 as it takes."""
        super().__init__()
        self.upsampling = upsampling
        layers: list[nn.Module] = []
        for ins in (channels_in, *[channels] * (upsampling.bit_length() - 2)):
            layers += [
                nn.ConvTranspose2d(ins, channels, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
        self.deconv = nn.Sequential(*layers)
        self.bbox_center = nn.Sequential(nn.Conv2d(channels, 3, 1))
        self.lhand_size = _size_head(channels)
        self.rhand_size = _size_head(channels)
        self.face_size = _size_head(channels)

    def forward(self, features: Tensor, heatmap: Tensor) -> tuple[Tensor, Tensor]:
        """features (N, C, H, W), heatmap (N, J, D, H, W) -> centres, sizes (N, 3, 2): left hand, right hand, face."""
        return self.parts(self.upsampled(features, heatmap))

    def upsampled(self, features: Tensor, heatmap: Tensor) -> Tensor:
        """features (N, C, H, W), heatmap (N, J, D, H, W) -> finer features (N, channels, kH, kW)."""
        x: Tensor = self.deconv(torch.cat((features, heatmap.flatten(1, 2)), 1))
        return x

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Finer features -> centres, sizes, as `forward`."""
        centre_heatmap = softmax_volume(self.bbox_center(x)[:, :, None])  # (N, 3, 1, kH, kW)
        centres = soft_argmax(centre_heatmap)[..., :2]
        at_centre = sample_features(x, centres)  # (N, 3, channels)
        heads = (self.lhand_size, self.rhand_size, self.face_size)
        sizes = torch.stack([head(at_centre[:, part]) for part, head in enumerate(heads)], 1)
        return centres / self.upsampling, sizes


def part_boxes(centres: Tensor, sizes: Tensor, cells_hw: tuple[int, int], crop_hw: tuple[int, int]) -> Tensor:
    """Square boxes around the parts: (N, 3, 2) cells, twice -> (N, 3, 4) xyxy crop pixels.

    The shorter side grows to the longer, then each box is enlarged about its centre by `PART_ENLARGEMENT`.
    """
    px_per_cell = centres.new_tensor([crop_hw[1] / cells_hw[1], crop_hw[0] / cells_hw[0]])
    side = (sizes * px_per_cell).amax(-1, keepdim=True)
    half = 0.5 * side * side.new_tensor(PART_ENLARGEMENT)[:, None]
    centres_px = centres * px_per_cell
    return torch.cat((centres_px - half, centres_px + half), -1)


def _size_head(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, 2))
