"""Pictures of people out of a clip: what a reduced precision is fitted to, and what it is judged on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from engines.bundle import DETECTOR, picture_hw
from engines.engine import Engine

SAMPLE = Path(__file__).parents[1] / "models" / "open" / "sample.mp4"  # shipped with the program

_FEWEST_FRAMES = 3  # one to fit to, one to choose on, one to judge on
_MOST_FRAMES = 3000  # read of a long clip
_TEXT = "tty"  # FFmpeg draws texts, as terminals do
_LONGEST_PX = 1920  # of a frame that is kept: crops are smaller, and many frames are kept
_LOOKS = 3  # at a frame, each closer around the person than the last
_JOINTS_TO_BODY = 1.2  # a body is this much larger than the box around its joints
_MARGIN = 1.25  # of a crop around a body, as tracking has it
_LEAST_SCORE = 0.3  # of a box that someone may be in, as tracking has it
_PADDING = 114  # grey around a detector's picture, as tracking has it

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """One frame of a clip. rgb: (H, W, 3) uint8. joints_px: (55, 2) of the person, where the clip says."""

    rgb: Image
    joints_px: NDArray[np.float64] | None = None


class ClipError(ValueError):
    """The clip cannot be used; the message says why."""


@dataclass(frozen=True)
class _Region:
    """Part of a frame, of the crop's shape: its centre (2,) and how many of its pixels one of the crop covers."""

    centre: NDArray[np.float64]
    scale: float

    def warp(self, frame: Image, size_wh: tuple[int, int], *, mirror: bool = False) -> Image:
        """(H, W, 3) uint8, black outside the frame."""
        flip = -self.scale if mirror else self.scale
        x, y = self.centre
        matrix = np.array([[flip, 0, x - flip * size_wh[0] / 2], [0, self.scale, y - self.scale * size_wh[1] / 2]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(frame, matrix, size_wh, flags=flags), np.uint8)


def frames(clip: Path, count: int) -> list[Shown]:
    """Up to `count` frames, evenly spread over the clip's first 3,000. Raises ClipError."""
    if not clip.is_file():
        raise ClipError(f"no clip at {clip} to calibrate on")
    known = _sample_joints_px() if clip.resolve() == SAMPLE.resolve() else {}
    kept: list[Shown] = []
    step = 1
    try:
        with av.open(str(clip), metadata_errors="replace") as container:
            if container.format.name == _TEXT:
                raise ClipError(f"{clip} is a text, not a video to calibrate on")
            for index, frame in enumerate(container.decode(video=0)):
                if index >= _MOST_FRAMES:
                    break
                if index % step == 0:
                    kept.append(Shown(_upright(frame), known.get(index)))
                if len(kept) == 2 * count:
                    kept, step = kept[::2], 2 * step
    except (av.FFmpegError, IndexError) as error:
        raise ClipError(f"{clip} cannot be read as a video to calibrate on") from error
    if len(kept) < _FEWEST_FRAMES:
        raise ClipError(f"{clip} has {len(kept)} frames, too few to calibrate on; at least {_FEWEST_FRAMES} are needed")
    return [kept[row] for row in np.linspace(0, len(kept) - 1, min(count, len(kept))).astype(int)]


def _upright(frame: av.VideoFrame) -> Image:
    """(H, W, 3) uint8 as tracking sees it, turned as the file asks; no larger than crops need."""
    rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    if turns := round(frame.rotation / 90) % 4:
        rgb = np.ascontiguousarray(np.rot90(rgb, turns))
    scale = _LONGEST_PX / max(rgb.shape)
    return rgb if scale >= 1 else np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def people_crops(shown: list[Shown], body: Engine, detector: Engine | None, per_frame: int, seed: int) -> Image:
    """Crops (N, H, W, 3) uint8 of the person in each frame: where the clip says, else found by the detector, else with
    BodyNet from the whole frame inwards. Frames in which the detector finds nobody are left out; raises ClipError where
    three are not left, or not all of fewer.

    Each is moved by up to a tenth of it, scaled by up to a quarter, lit otherwise and, half of them, mirrored, so that
    one clip stands for more than itself.
    """
    height, width = picture_hw("body", body.inputs["crop"])
    size_wh, rng = (width, height), np.random.default_rng(seed)
    regions = [(frame, region) for frame in shown if (region := _person(frame, body, detector, size_wh))]
    if len(regions) < min(_FEWEST_FRAMES, len(shown)):
        raise ClipError(
            f"people are found in {len(regions)} of {len(shown)} frames of a third of the clip, too few to calibrate "
            "on; name a clip of people with --calibrate"
        )
    crops = []
    for frame, region in regions:
        for _ in range(per_frame):
            shift = rng.uniform(-0.1, 0.1, 2) * size_wh * region.scale
            moved = _Region(region.centre + shift, region.scale * float(np.exp(rng.uniform(-0.22, 0.22))))
            crop = moved.warp(frame.rgb, size_wh, mirror=bool(rng.random() < 0.5))
            crops.append(_lit(crop, rng))
    return np.stack(crops)


def detector_pictures(shown: list[Shown], detector: Engine) -> Image:
    """The frames (N, H, W, 3) as the detector sees them: scaled to fit its input, grey around."""
    height, width = picture_hw(DETECTOR, detector.inputs["image"])
    pictures = np.full((len(shown), height, width, 3), _PADDING, np.uint8)
    for picture, frame in zip(pictures, shown, strict=True):
        scale = _fitting_scale(frame.rgb, (height, width))
        fitted = cv2.resize(frame.rgb, None, fx=scale, fy=scale)[:height, :width]
        picture[: fitted.shape[0], : fitted.shape[1]] = fitted
    return pictures


def _person(frame: Shown, body: Engine, detector: Engine | None, size_wh: tuple[int, int]) -> _Region | None:
    if frame.joints_px is not None:
        return _around(frame.joints_px, size_wh, _JOINTS_TO_BODY)
    if detector is not None:
        picture = detector_pictures([frame], detector)
        found = detector.run({"image": picture})
        if found["scores"][0, 0] < _LEAST_SCORE:  # the surest is first
            return None
        box = found["boxes"][0, 0]
        return _around(box.reshape(2, 2) / _fitting_scale(frame.rgb, picture.shape[1:3]), size_wh, 1.0)
    height, width = frame.rgb.shape[:2]
    region = _around(np.array([[0.0, 0.0], [width, height]]), size_wh, 1.0)
    for _ in range(_LOOKS):
        found = body.run({"crop": region.warp(frame.rgb, size_wh)[None]})
        cells_hw = found["features"].shape[2:]
        px = (found["joints"][0, :, :2] + 0.5) * (np.array(size_wh) / cells_hw[::-1])  # (25, 2) crop pixels
        region = _around(region.centre + (px - np.array(size_wh) / 2) * region.scale, size_wh, _JOINTS_TO_BODY)
    return region


def _sample_joints_px() -> dict[int, NDArray[np.float64]]:
    """(55, 2) pixels by frame of the shipped clip, whose true parameters are shipped with it."""
    with np.load(SAMPLE.with_suffix(".npz")) as truth:
        joints_m, (fx, fy, cx, cy) = truth["joints"].astype(np.float64), truth["camera"]  # (T, 55, 3)
    px = joints_m[..., :2] / joints_m[..., 2:] * (fx, fy) + (cx, cy)
    return dict(enumerate(px))


def _fitting_scale(frame: Image, size_hw: tuple[int, ...]) -> float:
    return float(min(size_hw[0] / frame.shape[0], size_hw[1] / frame.shape[1]))


def _around(points: NDArray[Any], size_wh: tuple[int, int], enlarged: float) -> _Region:
    low, high = points.min(0), points.max(0)
    scale = float(np.max((high - low) / size_wh))
    return _Region((low + high) / 2, max(scale, 1e-3) * enlarged * _MARGIN)


def _lit(crop: Image, rng: np.random.Generator) -> Image:
    gain, offset = rng.uniform(0.7, 1.3), rng.uniform(-20, 20)
    return np.asarray(np.clip(crop * gain + offset, 0, 255), np.uint8)
