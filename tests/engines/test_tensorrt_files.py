"""Engine files of TensorRT: named after all that they depend on, and refused where anything differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import Bundle, sha256
from engines.engine import EngineError
from engines.tensorrt_files import FOLDER, EngineKey, found_engine

GPU = "NVIDIA H100 80GB HBM3 sm90"


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Bundle:
    loaded = Bundle.load(tiny_bundle)
    (tmp_path / FOLDER).mkdir()
    return replace(loaded, folder=tmp_path)


@pytest.fixture
def key(bundle: Bundle) -> EngineKey:
    return EngineKey.of(bundle, "body", GPU, "11.4.0.106")


def test_name_says_what_the_file_depends_on(bundle: Bundle, key: EngineKey) -> None:
    short = sha256(bundle.graphs["body"])[:16]
    assert key.file_name == f"body_fp32_nvidia-h100-80gb-hbm3-sm90_trt11.4.0.106_n1-8_{short}.engine"


def test_file_of_the_key_is_found(bundle: Bundle, key: EngineKey) -> None:
    path = bundle.folder / FOLDER / key.file_name
    path.touch()
    assert found_engine(bundle, key) == path


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"gpu": "NVIDIA H200 sm90"}, "another GPU"),
        ({"tensorrt": "10.16.1.11"}, "another TensorRT"),
        ({"precision": "fp16"}, "another precision"),
        ({"graph_hash": "0" * 64}, "another export of the graph"),
        ({"most_people": 4}, "another batch"),
        ({"gpu": "Other sm80", "tensorrt": "10.0.1"}, "another GPU and TensorRT"),
    ],
)
def test_file_of_anything_else_is_refused_with_how_to_build(
    bundle: Bundle, key: EngineKey, change: dict[str, Any], what: str
) -> None:
    (bundle.folder / FOLDER / replace(key, **change).file_name).touch()
    with pytest.raises(EngineError, match=f"is for {what}; build it here with wb-export .* --tensorrt"):
        found_engine(bundle, key)


def test_model_without_engines_says_how_to_build(bundle: Bundle, key: EngineKey) -> None:
    (bundle.folder / FOLDER / replace(key, graph="hand").file_name).touch()
    with pytest.raises(EngineError, match=f"it has none; build it here with wb-export {bundle.folder} --tensorrt"):
        found_engine(bundle, key)
