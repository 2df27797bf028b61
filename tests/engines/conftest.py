"""Every engine, on every graph; and bundles."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import GRAPHS, Bundle
from engines.engine import Engine
from tests.engines.contract import ENGINES, Load


@pytest.fixture(scope="module", params=list(ENGINES))
def load(request: pytest.FixtureRequest) -> Load:
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def engines(load: Load, tiny_bundle: Path) -> Iterator[dict[str, Engine]]:
    """The four graphs, loaded."""
    loaded = {name: load(tiny_bundle / f"{name}.onnx") for name in GRAPHS}
    yield loaded
    for engine in loaded.values():
        engine.close()


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


def changed(bundle: Bundle, folder: Path, **content: Any) -> Bundle:
    """A copy whose description says something else."""
    shutil.copytree(bundle.folder, folder)
    description = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**description, **content}))
    return Bundle.load(folder)
