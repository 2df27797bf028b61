"""`wb-doctor`: what is installed, which devices, models and bodies were found, what is missing and where to get it."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import logging
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from app.errors import InputError
from app.load import OPEN_BUNDLE, body_file, bundle_folder, user_bodies, user_bundles
from app.sources.camera_address import CameraAddress, cameras
from engines.automatic import candidates, check_proof
from engines.bundle import GRAPHS, Bundle, BundleError, user_bundle_folder, user_data_folder
from engines.cores import physical_cores, processor
from engines.cuda_driver import CudaDriver, driver_is_installed
from engines.engine import EngineError
from engines.measuring import run_once
from engines.openvino_engine import openvino_is_installed
from engines.runtime import BUNDLES, Runtime
from models.body_file import OPEN_BODY, BodyFileError, read_body_file

_RELEASED = "snapshot_6.pth.tar, linked in the README of github.com/mks0601/Hand4Whole_RELEASE"
_REGISTER = "register at smpl-x.is.tue.mpg.de for SMPLX_NEUTRAL.npz"
_EXPORTING = ("torch", "onnx", "onnxscript")


class Finding(NamedTuple):
    """One thing that was looked for. works: whether it is there and can be used; text: what it is, or else what is
    wrong and what to do."""

    works: bool
    name: str
    text: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 where wb-track can track, 1 where something that it cannot do without is missing or broken, 141
    where whoever reads has read enough, as `head` has."""
    parser = argparse.ArgumentParser(
        prog="wb-doctor",
        description="Say what is installed, which devices, models and bodies there are, what is missing and where to "
        "get it. Exit code 1 where wb-track cannot track.",
    )
    parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # what is wrong is said below, in its place
    try:
        code = _report()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python's own flush at the end complains
        return 128 + signal.SIGPIPE
    return code


def _report() -> int:
    print(f"wb-track {_version('wb-track')}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    print(f"{processor()}, {physical_cores() or '?'} cores; {_gpu()}")
    for title, look in _SECTIONS:
        print(f"\n{title}")
        for found in look():
            print(f"  {'ok' if found.works else 'no':4}{found.name:14}{' '.join(found.text.split())}")
    try:
        print(f"\nwb-track can track: told nothing, it uses {_defaults()}.")
    except (InputError, BundleError, BodyFileError, EngineError, FileNotFoundError) as error:
        print(f"\nwb-track cannot track: {' '.join(str(error).split())}")
        return 1
    return 0


def _defaults() -> str:
    """Model and body that are used where none is named. Raises InputError, BundleError, BodyFileError, EngineError,
    FileNotFoundError where that cannot be."""
    bundle = Bundle.load(bundle_folder(None))
    file = body_file(bundle.shape_space)
    read_body_file(file)
    check_proof(bundle)
    engines = [one.engine for one in candidates(bundle) if not _problem(one.engine, bundle)]
    if not engines:
        raise EngineError(f"no engine runs the model in {bundle.folder}")
    return f"the model in {bundle.folder}, the body {file}, and the fastest engine of {', '.join(engines)}"


def _engines() -> Iterator[Finding]:
    """Each is tried on the open model."""
    try:
        bundle = Bundle.load(OPEN_BUNDLE)
    except (BundleError, FileNotFoundError) as error:
        yield Finding(False, "every one", f"there is nothing to try it on: {error}")
        return
    for engine, precisions in BUNDLES.items():
        problem = _problem(engine, bundle)
        yield Finding(not problem, engine, problem or f"{_library(engine)}: {', '.join(precisions)}")


def _problem(engine: str, bundle: Bundle) -> str:
    """Why an engine does not run a bundle here, "" where it does."""
    if engine in ("cuda", "tensorrt") and not driver_is_installed():
        return "needs an NVIDIA GPU and its driver"
    if engine == "openvino" and not openvino_is_installed():
        return 'not installed; pip install "wb-track[openvino]"'
    if engine == "tensorrt" and not bundle.has_tensorrt:
        if importlib.util.find_spec("tensorrt") is None:
            return 'not installed; pip install "wb-track[tensorrt]"'
        return "installed, but runs only what wb-export BUNDLE --tensorrt builds on this GPU"
    runtime = Runtime(engine, bundle.precision, bundle)
    try:
        with ExitStack() as stack:
            run_once({graph: stack.enter_context(runtime.load(graph)) for graph in GRAPHS})
    except (BundleError, EngineError) as error:
        return str(error)
    return ""


def _library(engine: str) -> str:
    names = {"openvino": ("openvino",), "tensorrt": ("tensorrt",)}.get(engine, ("onnxruntime-gpu", "onnxruntime"))
    return " ".join((names[-1], next((found for name in names if (found := _version(name))), "")))


def _models() -> Iterator[Finding]:
    """Those of the user, then the one that is shipped."""
    folders = user_bundles()
    for folder in (*folders, OPEN_BUNDLE):
        try:
            bundle = Bundle.load(folder)
        except (BundleError, FileNotFoundError) as error:
            yield Finding(False, folder.name, str(error))
            continue
        proven = "" if bundle.proven else ", not proven"
        yield Finding(
            True, folder.name, f"{bundle.name}, {bundle.precision}{proven}, for {bundle.shape_space}: {folder}"
        )
    if not folders:
        text = f"none in {user_bundle_folder('')}; download {_RELEASED}, and run wb-export on it"
        yield Finding(False, "hand4whole", text)


def _bodies() -> Iterator[Finding]:
    """Those of the user, then the one that is shipped."""
    files = user_bodies()
    for file in (*files, OPEN_BODY):
        try:
            body = read_body_file(file)
        except (BodyFileError, FileNotFoundError) as error:
            yield Finding(False, file.name, str(error))
            continue
        yield Finding(True, file.name, f"{len(body.template)} vertices, {body.shape_space}: {file}")
    if not files:
        yield Finding(False, "SMPL-X", f"none in {user_data_folder() / 'bodies'}; {_REGISTER}")


def _cameras() -> Iterator[Finding]:
    found = cameras()
    for number, name in found:
        refusal = CameraAddress(number).refusal()
        yield Finding(not refusal, number, refusal or name)
    if not found:
        yield Finding(False, "none", "plug one in, or name a stream: wb-track --camera rtsp://HOST:PORT/PATH")


def _seeing() -> Iterator[Finding]:
    """What the window and pictures of the mesh need; files with the mesh need none of it."""
    yield _tried("window", _window, "--no-window does without")
    yield _tried(
        "OpenGL", _opengl, "skeletons are drawn instead of meshes; on Debian: apt-get install libegl1 libgl1-mesa-dri"
    )
    installed = _version("pyrender")
    yield Finding(bool(installed), "pyrender", installed or 'for --renderer pyrender: pip install "wb-track[pyrender]"')


def _tried(name: str, trial: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(True, name, trial())
    except InputError as error:  # says itself what to do
        return Finding(False, name, str(error))
    except Exception as error:  # noqa: BLE001 - a driver may fail in any way
        return Finding(False, name, f"{error}; {advice}")


def _window() -> str:
    from app.window.main import check_display

    check_display()
    return f"Qt {_version('PySide6-Essentials')}"


def _opengl() -> str:
    from app.rendering.gl_context import offscreen_context

    context = offscreen_context()
    with context:
        return f"{context.info['GL_RENDERER']}, OpenGL {context.info['GL_VERSION']}"


def _exporting() -> Iterator[Finding]:
    missing = [name for name in _EXPORTING if not _version(name)]
    versions = ", ".join(f"{name} {_version(name)}" for name in _EXPORTING)
    lacking = f'{", ".join(missing)} not installed; only wb-export needs them: pip install "wb-track[export]"'
    yield Finding(not missing, "wb-export", lacking if missing else versions)


_SECTIONS: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
    ("Engines, on the open model", _engines),
    ("Models", _models),
    ("Bodies", _bodies),
    ("Cameras", _cameras),
    ("Window and drawing", _seeing),
    ("Exporting", _exporting),
)


def _gpu() -> str:
    if not driver_is_installed():
        return "no NVIDIA driver"
    try:
        driver = CudaDriver()
        return f"{driver.gpu}, {driver.memory_bytes / 2**30:.0f} GiB"
    except EngineError as error:
        return str(error)


def _version(package: str) -> str:
    """Of a package, "" where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
