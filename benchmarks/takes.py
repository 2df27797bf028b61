"""What the networks say of rendered performances, kept, so that filters can be compared on the same noise."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.boxes import Track
from app.crop import Crop
from app.estimator import Estimate, Estimates, Keypoints, Subject
from app.frame import BodyParams, Box, Frame
from app.load import Loaded
from benchmarks.performances import CAMERA, SIZE_WH, Performance, filmed, performed, sampler
from training.estimates import estimates_in

Array = NDArray[Any]

_ROOT = Path(__file__).parents[1]
_MAKERS = ("app/*.py", "models/*.py", "models/open/body.npz", "training/*.py", "benchmarks/performances.py")


@dataclass(frozen=True)
class Take:
    """A performance and the estimates of its frames, not smoothed, (T, ...) each."""

    performance: Performance
    boxes: Array  # (T, 4) xyxy pixels
    rot6d: Array
    betas: Array
    expression: Array
    translation_m: Array
    part_boxes: Array
    body_px: Array
    hands_px: Array
    body_depth: Array
    hands_depth: Array
    crop_wh: Array  # (2,)
    fitted: Array  # () bool: bodies to their joints, before `CAMERA`

    def estimates(self, rows: Array | None = None) -> Iterator[Estimates]:
        """Frame by frame, as smoothing is given them; of some rows only, for a slower camera or lost frames."""
        first = True
        for row in range(len(self.boxes)) if rows is None else rows:
            frame = Frame(int(row), float(self.performance.time_s[row]), _EMPTY, 0.0)
            box = Box(tuple(self.boxes[row].tolist()), 1.0)
            crop = Crop.around(box, SIZE_WH, (int(self.crop_wh[0]), int(self.crop_wh[1])))
            assert crop is not None
            params = BodyParams(self.rot6d[row], self.betas[row], self.expression[row], self.translation_m[row])
            keypoints = Keypoints(self.body_px[row], self.hands_px[row], self.body_depth[row], self.hands_depth[row])
            subject = Subject(Track(1, box, begins=first), crop)
            camera = CAMERA if self.fitted else None
            yield Estimates(frame, (Estimate(subject, params, self.part_boxes[row], keypoints, take_camera=camera),))
            first = False


_EMPTY = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)


def take(parts: Loaded, seed: int, number: int, *, strikes: bool = False) -> Take:
    """A take, from the temporary folder where it was made before with the same weights and programs."""
    maker = f"{parts.bundle.identity[:12]}-{_programs()[:12]}"
    kept = Path(tempfile.gettempdir()) / "wb-track-smoothness" / maker / f"{seed}.{number}.{int(strikes)}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _save(kept, _recorded(parts, np.random.default_rng((seed, number)), strikes=strikes))
    return _read(kept)


@functools.cache
def _programs() -> str:
    """One hash of everything that draws takes or estimates them, up to what is smoothed."""
    digest = hashlib.sha256()
    for pattern in _MAKERS:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _recorded(parts: Loaded, rng: np.random.Generator, *, strikes: bool) -> Take:
    poses, film = sampler()
    performance = performed(poses, rng, strikes=strikes)
    boxes, found = [], []
    for row, (rgb, box, _) in enumerate(filmed(performance, rng, film)):
        frame = Frame(row, float(performance.time_s[row]), rgb, 0.0)
        estimates = estimates_in(parts, frame, box, begins=row == 0)
        assert estimates is not None, "a performance stays in the picture"
        boxes.append(box.xyxy_px)
        found.append(estimates.people[0])
    params = [estimate.params for estimate in found]
    return Take(
        performance,
        boxes=np.array(boxes),
        rot6d=np.stack([each.rot6d for each in params]),
        betas=np.stack([each.betas for each in params]),
        expression=np.stack([each.expression for each in params]),
        translation_m=np.stack([each.translation_m for each in params]),
        part_boxes=np.stack([estimate.part_boxes for estimate in found]),
        body_px=np.stack([estimate.keypoints.body for estimate in found]),
        hands_px=np.stack([estimate.keypoints.hands for estimate in found]),
        body_depth=np.stack([estimate.keypoints.body_depth for estimate in found]),
        hands_depth=np.stack([estimate.keypoints.hands_depth for estimate in found]),
        crop_wh=np.array(parts.tracker.estimator.body.crop_wh),
        fitted=np.array(parts.bundle.joint_depth is not None),
    )


def _save(path: Path, made: Take) -> None:
    truth = {f"performance.{f.name}": getattr(made.performance, f.name) for f in fields(Performance)}
    rest = {f.name: getattr(made, f.name) for f in fields(Take) if f.name != "performance"}
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez_compressed(unfinished, **truth, **rest)
    unfinished.rename(path)


def _read(path: Path) -> Take:
    with np.load(path) as file:
        truth = Performance(**{f.name: file[f"performance.{f.name}"] for f in fields(Performance)})
        return Take(truth, **{f.name: file[f.name] for f in fields(Take) if f.name != "performance"})
