"""What is compared: raw estimates, our settings, the peer's, each from the same estimates to a motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.finish import smplx_rotations
from app.frame import BodyParams, Confidence
from app.placing import Place
from app.scene import Placed, Scene
from app.smoothing.settings import FILTERS, LEVELS, SmoothSettings
from app.smoothing.shape import Shapes
from app.smoothing.smooth import Smooth
from benchmarks.peer import SMOOTH_COEFFICIENT, Peer
from benchmarks.performances import CAMERA
from benchmarks.takes import Take
from models import joints
from models.rotations import matrix_to_rot6d
from models.smplx_body import SmplxBody

Array = NDArray[np.floating[Any]]
PEER_COEFFICIENTS = (0.5, 1.0, 2.0, SMOOTH_COEFFICIENT, 4.5, 7.0)


class Filter(Protocol):
    """Scenes in, scenes out."""

    def __call__(self, scene: Scene, /) -> tuple[Scene, ...]: ...

    def flush(self) -> tuple[Scene, ...]: ...


@dataclass(frozen=True)
class Variant:
    """A way to smooth. family: which curve it is a point of. lag_owed: whether it may not look ahead."""

    name: str
    family: str
    made: Callable[[], Filter]
    lag_owed: bool = True


def variants(body: SmplxBody) -> list[Variant]:
    """All of ours, then the peer's."""

    def ours(level: str, causal: str | None) -> Variant:
        family = causal or "zero-phase"
        made = lambda: Smooth(SmoothSettings(level, causal), body.hand_mean)  # noqa: E731 - one of many alike
        return Variant(f"{family} {level}", family, made, causal is not None)

    def peers(coefficient: float) -> Variant:
        return Variant(f"simple-romp {coefficient:g}", "simple-romp", lambda: Peer(coefficient))

    steady = [ours(level, causal) for causal in (*FILTERS, None) for level in LEVELS if level != "off"]
    return [*steady, *map(peers, PEER_COEFFICIENTS)]


def raw_scenes(body: SmplxBody, take: Take, rows: NDArray[np.int64]) -> list[Scene]:
    """As `--smooth off` has them: each frame's own shape."""
    return _placed(body, take, rows, Shapes(locked=False))


def scenes(body: SmplxBody, take: Take, rows: NDArray[np.int64]) -> list[Scene]:
    """What filters are given: one shape a person."""
    return _placed(body, take, rows, Shapes())


def _placed(body: SmplxBody, take: Take, rows: NDArray[np.int64], shapes: Shapes) -> list[Scene]:
    place = Place(body, lambda _: CAMERA, shapes)
    return [place(each) for each in take.estimates(rows)]


def run(made: Callable[[], Filter], given: Sequence[Scene]) -> list[Scene]:
    """Through a new filter."""
    smooth = made()
    return [done for scene in given for done in smooth(scene)] + list(smooth.flush())


def joints_of(body: SmplxBody, given: Sequence[Scene]) -> Array:
    """(T, 55, 3) metres of the one person."""
    return np.stack([_joints(body, scene.people[0].params) for scene in given])


def true_scenes(body: SmplxBody, take: Take, rows: NDArray[np.int64]) -> list[Scene]:
    """As if the networks made no mistake."""
    performance, made = take.performance, []
    for row, (first, estimates) in zip(rows, enumerate(take.estimates(rows)), strict=True):
        rotations = performance.rotations[row]
        params = BodyParams(
            _rot6d(rotations), performance.betas, performance.expression[row], performance.translation_m[row]
        )
        track = replace(estimates.people[0].subject.track, begins=first == 0)
        person = Placed(track, params, CAMERA, _joints(body, params), Confidence(1.0, 1.0, 1.0, 1.0))
        made.append(Scene(estimates.frame, (person,)))
    return made


def only_noise(given: Sequence[Scene], true: Sequence[Scene]) -> list[Scene]:
    """Someone who stands still, with the mistakes that were recorded: the first true pose, turned by them."""
    still, made = true[0].people[0], []
    for scene, truth in zip(given, true, strict=True):
        person, real = scene.people[0], truth.people[0]
        found, right, rest = (_matrices(one) for one in (person, real, still))
        rot6d = matrix_to_rot6d(rest @ np.swapaxes(right, 1, 2) @ found)
        shift = person.joints_m[0] - real.joints_m[0] + still.joints_m[0] - person.joints_m[0]
        params = replace(person.params, rot6d=rot6d, translation_m=person.params.translation_m + shift)
        made.append(Scene(scene.frame, (replace(person, params=params, joints_m=person.joints_m + shift),)))
    return made


def _matrices(person: Placed) -> Array:
    rotations = smplx_rotations(person.params.rot6d)
    return np.concatenate([rotations[rows] for rows in _ROWS])


def _rot6d(rotations: Array) -> Array:
    """(55, 3, 3) -> (53, 6)."""
    return matrix_to_rot6d(np.concatenate([rotations[rows] for rows in _ROWS]))


def _joints(body: SmplxBody, params: BodyParams) -> Array:
    coefficients = np.concatenate((params.betas, params.expression))
    return np.asarray(body.skeleton(smplx_rotations(params.rot6d), coefficients[None])[0] + params.translation_m)


_ROWS = (joints.ROOT, joints.BODY, joints.LEFT_HAND, joints.RIGHT_HAND, joints.JAW)
