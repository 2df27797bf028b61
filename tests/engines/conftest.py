"""Every engine, on every graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.bundle import GRAPHS
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
