"""Finding and loading what tracking needs: the bundle, the body, the engines, the detector."""

from __future__ import annotations

import contextlib
import ctypes.util
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from app.boxes import BoxPolicy, DetectedBox, FixedBox, FollowedBox
from app.detectors.detector import Detector
from app.errors import InputError
from app.estimator import Estimator
from app.options import Options
from app.tracker import Tracker
from engines.bundle import FILE_NAME, GRAPHS, Bundle, check_contract, user_bundle_folder, user_data_folder
from engines.engine import EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine, cuda_is_built_in
from models.smplx_body import SmplxBody

_log = logging.getLogger(__name__)

_DRIVERS = ("cuda", "nvcuda")  # the NVIDIA driver's library on Linux and on Windows

BODY_LICENCE = "body: the licence of the SMPL-X model, https://smpl-x.is.tue.mpg.de/modellicense.html"


@dataclass(frozen=True)
class Loaded:
    """A tracker ready to run, and what it is made of."""

    tracker: Tracker
    body: SmplxBody
    bundle: Bundle
    device: str

    @property
    def licence(self) -> str:
        return f"weights: {self.bundle.licence}; {BODY_LICENCE}"


@contextlib.contextmanager
def loaded(options: Options) -> Iterator[Loaded]:
    """Everything the options name, freed at the end. Raises InputError, BundleError, BodyFileError, EngineError."""
    bundle = Bundle.load(_bundle_folder(options.model))
    body = SmplxBody.load(options.body or _body_file())
    with ExitStack() as stack:
        # NumPy's worker threads keep spinning after a product, and took a third of BodyNet's speed on two cores.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        device = _device(options.engine, bundle)
        engines = {name: stack.enter_context(OnnxRuntimeEngine(bundle.graphs[name], device)) for name in GRAPHS}
        for name, engine in engines.items():
            check_contract(name, engine.inputs, engine.outputs)
        boxes = _box_policy(options, device, stack)
        yield Loaded(Tracker(boxes, Estimator(engines, body.hand_mean), body), body, bundle, device)


def _box_policy(options: Options, device: str, stack: ExitStack) -> BoxPolicy:
    if options.box is not None:
        return FixedBox(options.box)
    if options.detector is None:
        return FollowedBox()
    if not options.detector.is_file():
        raise InputError(f"no detector at {options.detector}")
    return DetectedBox(Detector(stack.enter_context(OnnxRuntimeEngine(options.detector, device)), options.detector))


def _device(engine: str, bundle: Bundle) -> str:
    """The device to use. `auto` takes CUDA where a graph starts on it, and says what it took."""
    if engine != "auto":
        return engine
    if cuda_is_built_in() and any(map(ctypes.util.find_library, _DRIVERS)):
        try:
            OnnxRuntimeEngine(bundle.graphs["pose"], "cuda").close()
        except EngineError as error:
            _log.warning("an NVIDIA driver is here, but the CPU is used: %s", error)
        else:
            return "cuda"
    return "cpu"


def _bundle_folder(model: str | None) -> Path:
    if model is not None:
        folder = Path(model)
        named = user_bundle_folder(model)
        return named if not folder.exists() and named.is_dir() else folder
    folders = sorted(path.parent for path in user_bundle_folder("").glob(f"*/{FILE_NAME}"))
    if not folders:
        raise InputError(
            f"no model in {user_bundle_folder('')}; make one with wb-export CHECKPOINT, or name one with --model DIR"
        )
    return folders[0]


def _body_file() -> Path:
    folder = user_data_folder() / "bodies"
    files = sorted((*folder.glob("*.npz"), *folder.glob("*.pkl")))
    if not files:
        raise InputError(
            f"no SMPL-X body in {folder}; register at smpl-x.is.tue.mpg.de, download SMPLX_NEUTRAL.npz, and put it "
            "there or name it with --body FILE"
        )
    return files[0]
