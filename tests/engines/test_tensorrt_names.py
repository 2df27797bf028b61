"""Every TensorRT name that our sources use exists in the real bindings of both majors.

The bindings are downloaded and imported in a process of their own, over empty libraries in place of TensorRT's, so
neither a GPU nor TensorRT is needed; without a package index or a C compiler the tests are skipped.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engines.tensorrt_engine import _DTYPES

ROOT = Path(__file__).parents[2]
SOURCES = ("engines/tensorrt_engine.py", "exporter/tensorrt_build.py")
VERSIONS = ("10.16.1.11", "11.4.0.106")
LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser")

# What our variables hold.
CLASSES = {
    "builder": "Builder",
    "config": "IBuilderConfig",
    "network": "INetworkDefinition",
    "network_input": "ITensor",
    "parser": "OnnxParser",
    "profile": "IOptimizationProfile",
    "engine": "ICudaEngine",
    "_context": "IExecutionContext",
    "_runtime": "Runtime",
}


def names_used() -> set[str]:
    """Dotted names below the module `tensorrt`."""
    names = {f"DataType.{name}" for name in _DTYPES}
    for source in SOURCES:
        for node in ast.walk(ast.parse((ROOT / source).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                owner, _, rest = ast.unparse(node).removeprefix("self.").partition(".")
                if not re.fullmatch(r"[\w.]+", rest):
                    continue
                if owner == "trt":
                    names.add(rest)
                elif owner in CLASSES:
                    names.add(f"{CLASSES[owner]}.{rest.partition('.')[0]}")
    return names - {"__version__"}  # the package's, checked below


def test_names_are_read_from_the_sources() -> None:
    expected = {
        "NetworkDefinitionCreationFlag.STRONGLY_TYPED",
        "BuilderFlag.TF32",
        "Builder.build_serialized_network",
        "IExecutionContext.execute_async_v3",
        "IBuilderConfig.progress_monitor",
        "ITensor.name",
        "IProgressMonitor",
    }
    assert expected <= names_used()


@pytest.fixture(scope="module", params=VERSIONS)
def bindings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked bindings of a version."""
    folder = tmp_path_factory.mktemp(f"tensorrt-{request.param}")
    package = f"tensorrt-cu13-bindings=={request.param}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", package]
    try:
        done = subprocess.run([*command, "--dest", str(folder)], capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("the package index is too slow")
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        pytest.skip(f"{package} cannot be had here")
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder)
    return folder / "tensorrt_bindings"


def missing(bindings: Path, names: set[str]) -> list[str]:
    """Those of the names that the bindings lack."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler to make empty libraries with")
    (major,) = re.findall(r'__version__ = "(\d+)\.', (bindings / "__init__.py").read_text(encoding="utf-8"))
    script = (
        "import functools, json, sys, tensorrt\n"
        "def has(name):\n"
        "    try:\n"
        "        functools.reduce(getattr, name.split('.'), tensorrt)\n"
        "    except AttributeError:\n"
        "        return False\n"
        "    return True\n"
        "print(json.dumps([name for name in json.loads(sys.argv[1]) if not has(name)]))"
    )
    symbols: list[str] = []
    while len(symbols) < 30:
        source = bindings / "empty.c"
        source.write_text("".join(f"void *{symbol}(void) {{ return 0; }}\n" for symbol in symbols))
        for library in LIBRARIES:
            name = f"lib{library}.so.{major}"
            link = [compiler, "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(bindings / name), str(source)]
            subprocess.run(link, check=True, capture_output=True)
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps(sorted(names))],
            env={**os.environ, "LD_LIBRARY_PATH": str(bindings), "PYTHONPATH": str(bindings)},
            capture_output=True,
            text=True,
            check=False,
        )
        undefined = re.findall(r"undefined symbol: (\w+)", done.stderr)
        if not undefined:
            assert done.returncode == 0, done.stderr
            return list(json.loads(done.stdout))
        symbols += undefined
    raise AssertionError(f"more symbols are missing than expected: {symbols}")


def test_every_name_we_use_is_there(bindings: Path) -> None:
    assert missing(bindings, names_used()) == []


def test_names_that_are_not_there_are_found_out(bindings: Path) -> None:
    assert missing(bindings, {"Builder", "Builder.no_such_thing"}) == ["Builder.no_such_thing"]
