"""RoIAlign (He et al. 2017, Mask R-CNN) with as many samples a bin as the box needs."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.library.custom_op("wb_track::roi_align", mutates_args=())
def roi_align(image: Tensor, boxes: Tensor, image_index: Tensor, size_px: int) -> Tensor:
    """Square crops of boxes, averaged over ceil(box / size) bilinear samples a bin and axis.

    image: (N, C, H, W) float. boxes: (R, 4) xyxy pixels; a side under one pixel counts as one. image_index: (R,)
    int64, which image each box is in. Returns (R, C, size_px, size_px). Samples more than one pixel outside the image
    are zero. A box coordinate x means x pixels from the image's left *as an index*, so pixel 0 has its centre at 0
    (torchvision's `aligned=False`). No gradient flows to the image or the boxes.
    """
    height, width = image.shape[2:]
    boxes = boxes.float()
    rows = _weights(boxes[:, 1], boxes[:, 3], height, size_px)  # (R, S, H)
    columns = _weights(boxes[:, 0], boxes[:, 2], width, size_px)  # (R, S, W)
    picked = image[image_index].float()  # (R, C, H, W)
    return (rows[:, None] @ picked @ columns[:, None].transpose(2, 3)).to(image.dtype)


@roi_align.register_fake
def _(image: Tensor, boxes: Tensor, image_index: Tensor, size_px: int) -> Tensor:  # noqa: ARG001 - the same arguments
    return image.new_empty(boxes.shape[0], image.shape[1], size_px, size_px)


def _weights(low: Tensor, high: Tensor, length: int, bins: int) -> Tensor:
    """Weight of each pixel of an axis in each bin: (R,), (R,) -> (R, bins, length).

    Bilinear interpolation and the mean over samples are separable, so the crop is rows @ image @ columns.
    """
    extent = (high - low).clamp(min=1.0)
    samples = torch.ceil(extent / bins)  # (R,)
    most = int(samples.max()) if len(samples) else 1
    sample = torch.arange(most, dtype=low.dtype, device=low.device)
    bin_index = torch.arange(bins, dtype=low.dtype, device=low.device)
    within = (sample + 0.5) / samples[:, None]  # (R, most), in bins
    at = low[:, None, None] + (bin_index[:, None] + within[:, None]) * (extent / bins)[:, None, None]  # (R, bins, most)
    counts = (sample < samples[:, None])[:, None] & (at >= -1.0) & (at <= length)
    at = at.clamp(0.0, length - 1.0)
    pixel = torch.arange(length, dtype=low.dtype, device=low.device)
    weights = torch.zeros(len(low), bins, length, dtype=low.dtype, device=low.device)
    for k in range(most):
        hat = (1.0 - (at[:, :, k, None] - pixel).abs()).clamp(min=0.0)
        weights += hat * counts[:, :, k, None]
    return weights / samples[:, None, None]
