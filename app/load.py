"""Finding and loading what tracking needs: the bundle, the body, the engines, the detector."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from app.batching import people_at_once
from app.boxes import BoxPolicy, FixedBox, FollowedBox
from app.detectors.detector import Detector
from app.errors import InputError
from app.estimator import Estimator
from app.frame import Box
from app.option_types import MOST_PEOPLE
from app.options import Options
from app.pacing.budget import Budget
from app.recording.take import Take
from app.tracker import Tracker, mesh_lag_frames
from app.watched_box import WatchedBox
from engines.bundle import DETECTOR, FILE_NAME, GRAPHS, Bundle, check_contract, user_bundle_folder, user_data_folder
from engines.choice import chosen_runtime
from engines.runtime import Runtime
from models.body_file import OPEN_BODY, SMPLX_SHAPE_SPACE
from models.smplx_body import SmplxBody

_log = logging.getLogger(__name__)

OPEN_BUNDLE = OPEN_BODY.parent / "bundle"  # shipped with the program


@dataclass(frozen=True)
class Loaded:
    """A tracker ready to run, and what it is made of."""

    tracker: Tracker
    body: SmplxBody
    bundle: Bundle
    runtime: Runtime
    most_people: int  # that can be told apart
    height_cm: float | None  # that everyone is made, where it was asked for

    @property
    def device(self) -> str:
        return self.runtime.device

    @property
    def licence(self) -> str:
        return f"weights: {self.bundle.licence}; body: {self.body.licence}"

    @property
    def shape(self) -> str:
        """Whose shape and expression the mesh has, as files and statistics say it."""
        tall = "" if self.height_cm is None else f", made {self.height_cm:g} cm tall"
        if _are_strangers(self.bundle, self.body):
            return f"mean{tall}: {_other_space(self.bundle, self.body)}"
        return f"estimated{tall}"


@contextlib.contextmanager
def loaded(options: Options) -> Iterator[Loaded]:
    """Everything the options name, freed at the end. Raises InputError, BundleError, BodyFileError, EngineError."""
    bundle = Bundle.load(bundle_folder(options.model))
    body = SmplxBody.load(options.body or body_file(bundle.shape_space))
    mean_shape = _are_strangers(bundle, body)
    with ExitStack() as stack:
        # NumPy's worker threads keep spinning after a product, and took a third of BodyNet's speed on two cores.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        runtime = chosen_runtime(options.engine, options.precision, bundle, files=options.detector is not None)
        engines = {name: stack.enter_context(runtime.load(name)) for name in GRAPHS}
        for name, engine in engines.items():
            check_contract(name, engine.inputs, engine.outputs)
        budget = Budget(options.target_fps, live=options.live) if options.target_fps else None
        boxes = _box_policy(options, runtime, stack, budget)
        if mean_shape:
            _log.warning("%s; %s", _other_space(bundle, body), _own_shape_advice(bundle))
        estimator = Estimator(engines, body.hand_mean, mean_shape=mean_shape)
        tracker = Tracker(
            boxes,
            estimator,
            body,
            options.camera,
            options.smoothing,
            joint_depth=bundle.joint_depth,
            people_at_once=_people_at_once(options, runtime, boxes),
            budget=budget,
        )
        most_people = 1 if isinstance(boxes, FixedBox | FollowedBox) else MOST_PEOPLE
        yield Loaded(tracker, body, bundle, runtime, most_people, options.height_cm)


def user_bundles() -> list[Path]:
    """Folders of the user's bundles, the one that is used first."""
    return sorted(path.parent for path in user_bundle_folder("").glob(f"*/{FILE_NAME}"))


def user_bodies() -> list[Path]:
    """The user's body files, the one that is used first."""
    folder = user_data_folder() / "bodies"
    return sorted((*folder.glob("*.npz"), *folder.glob("*.pkl")))


def take_of(options: Options, parts: Loaded, fps: float, size_wh: tuple[int, int]) -> Take:
    """What is true of a whole take, its one camera included. fps, size_wh: as the source states them. Raises InputError
    where the one box to look in is outside the picture."""
    width, height = size_wh
    if options.box is not None and not options.box.overlap(Box((0.0, 0.0, width, height), 1.0)):
        raise InputError(f"--box lies outside the frames, which are {width} x {height} pixels; correct it")
    body = parts.body
    return Take(
        camera=options.camera(size_wh),
        image_size_wh=size_wh,
        fps=fps,
        resample_fps=options.resample_fps,
        axes=options.axes,
        model=parts.bundle.name,
        body=body.name,
        licence=parts.licence,
        vertex_count=body.vertex_count if options.vertices else 0,
        faces=body.faces,
        pelvis_template=body.pelvis_template,
        pelvis_directions=body.pelvis_directions,
        hand_mean=body.hand_mean,
        shape=parts.shape,
        live=options.live,
    )


def _box_policy(options: Options, runtime: Runtime, stack: ExitStack, budget: Budget | None) -> BoxPolicy:
    if options.box is not None:
        return FixedBox(options.box)
    path = options.detector or runtime.bundle.graphs.get(DETECTOR)
    if path is None:
        if options.people > 1 and "people" in options.typed:
            raise InputError(
                "--people needs a person detector, and the model has none; name one with --detector FILE, or leave out "
                "--people"
            )
        return FollowedBox()
    if not path.is_file():
        raise InputError(f"no detector at {path}; name an ONNX file with --detector")
    if options.detector is None:
        engine = stack.enter_context(runtime.load(DETECTOR))
        check_contract(DETECTOR, engine.inputs, engine.outputs)
    else:
        engine = stack.enter_context(runtime.load_file(path))
    if options.detector is None and options.people == 1:
        return WatchedBox(Detector(engine, path))
    from app.following.follower import Follower  # takes half a second, for SciPy

    lag_frames = None if options.live else mesh_lag_frames(runtime.device)
    return Follower(Detector(engine, path), options.people, lag_frames, budget)


def _people_at_once(options: Options, runtime: Runtime, boxes: BoxPolicy) -> int:
    at_once = 1 if options.live or options.target_fps else people_at_once(runtime)
    if at_once > 1 and boxes.sequential:
        _log.warning(
            "frames go through the GPU one by one, since each one's box is made of the mesh before; with --detector or "
            "--box many go at once"
        )
        return 1
    return at_once


def bundle_folder(model: str | None) -> Path:
    """Of the bundle that --model names, by its path or its name among the user's; named none, the user's first, or else
    the one that is shipped, which a logged line says. Raises InputError where there is none at all."""
    if model is not None:
        folder = Path(model)
        named = user_bundle_folder(model)
        return named if not folder.exists() and named.is_dir() else folder
    if folders := user_bundles():
        return folders[0]
    if not (OPEN_BUNDLE / FILE_NAME).is_file():
        raise InputError(
            f"no model in {user_bundle_folder('')}; make one with wb-export CHECKPOINT, or name one with --model DIR"
        )
    _log.warning(
        "the open model that comes with wb-track is used, trained on synthetic people only; for Hand4Whole's "
        "weights, download them and run wb-export CHECKPOINT"
    )
    return OPEN_BUNDLE


def body_file(shape_space: str) -> Path:
    """The body that the model's shapes are of: the user's own SMPL-X, or else the one that is shipped. Raises
    InputError where there is none."""
    files = user_bodies()
    if files and shape_space == SMPLX_SHAPE_SPACE:
        return files[0]
    if not OPEN_BODY.is_file():
        raise InputError(
            f"the body that comes with wb-track is missing from {OPEN_BODY}; reinstall wb-track, or name a body with "
            "--body FILE"
        )
    return OPEN_BODY


def _are_strangers(bundle: Bundle, body: SmplxBody) -> bool:
    """Whether the model's shape and expression coefficients mean nothing to the body."""
    return bundle.shape_space != body.shape_space


def _other_space(bundle: Bundle, body: SmplxBody) -> str:
    return (
        f"the model's shape and expression are for bodies of {bundle.shape_space}, the body is of {body.shape_space}: "
        "its mean shape is used, without expression"
    )


def _own_shape_advice(bundle: Bundle) -> str:
    if bundle.shape_space == SMPLX_SHAPE_SPACE:
        return "for the person's own, name a registered SMPL-X file with --body"
    return f"for the person's own, name a body of {bundle.shape_space} with --body; wb-track ships {OPEN_BODY}"
