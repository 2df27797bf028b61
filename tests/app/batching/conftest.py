"""An estimator whose engines count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.estimator import Estimator
from engines.bundle import GRAPHS, Bundle
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.smplx_body import SmplxBody
from tests.app.batching.counted import Counting


@pytest.fixture
def engines(tiny_bundle: Path) -> Iterator[dict[str, Counting]]:
    graphs = Bundle.load(tiny_bundle).graphs
    counting = {name: Counting(OnnxRuntimeEngine(graphs[name])) for name in GRAPHS}
    yield counting
    for engine in counting.values():
        engine.close()


@pytest.fixture
def estimator(engines: Any, body: SmplxBody) -> Estimator:
    return Estimator(engines, body.hand_mean)
