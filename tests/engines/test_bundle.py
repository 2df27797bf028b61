"""Bundles: whole ones load, anything else is refused in one sentence that says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.bundle import DETECTOR, FILE_NAME, FORMAT, GRAPHS, Bundle, BundleError, JointDepth, check_contract, sha256
from engines.engine import TensorSpec
from tests.conftest import bundle_description


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole bundle whose graphs are only bytes: to be opened, not run."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    graphs = {}
    for name in GRAPHS:
        path = folder / f"{name}.onnx"
        path.write_bytes(f"the {name} graph".encode())
        graphs[name] = {"file": path.name, "sha256": sha256(path)}
    describe(folder, {"format": FORMAT, "name": "x", "precision": "fp32", "licence": "free", "graphs": graphs})
    return folder


def describe(folder: Path, content: object) -> None:
    (folder / FILE_NAME).write_text(json.dumps(content))


def refusal(folder: Path) -> str:
    """The one sentence with which a folder is refused."""
    with pytest.raises(BundleError) as refused:
        Bundle.load(folder)
    message = str(refused.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def test_exported_bundle_is_whole(tiny_bundle: Path) -> None:
    bundle = Bundle.load(tiny_bundle)
    assert tuple(bundle.graphs) == GRAPHS
    assert all(path == tiny_bundle / f"{name}.onnx" for name, path in bundle.graphs.items())
    assert (bundle.folder, bundle.name, bundle.precision) == (tiny_bundle, "bundle", "fp32")
    assert bundle.licence == bundle_description(tiny_bundle)["licence"]


def test_bundle_that_names_no_shape_space_is_of_smplx(folder: Path) -> None:
    assert "shape_space" not in bundle_description(folder)
    assert Bundle.load(folder).shape_space == "smplx"


def test_bundle_has_the_shape_space_it_names(folder: Path) -> None:
    describe(folder, {**bundle_description(folder), "shape_space": "wb-track-open-1"})
    assert Bundle.load(folder).shape_space == "wb-track-open-1"


def test_bundle_has_tensorrt_where_engine_files_were_built(folder: Path) -> None:
    engines = folder / "tensorrt"
    engines.mkdir()
    (engines / "timing.cache").touch()  # of a build that failed
    assert not Bundle.load(folder).has_tensorrt
    (engines / "body.engine").touch()
    assert Bundle.load(folder).has_tensorrt


def test_optional_graph_is_listed(folder: Path) -> None:
    description = bundle_description(folder)
    graphs: Any = description["graphs"]
    describe(folder, {**description, "graphs": {**graphs, "detector": graphs["body"]}})
    assert "detector" in Bundle.load(folder).graphs


def test_flipped_byte_in_a_graph_is_noticed(folder: Path) -> None:
    path = folder / "hand.onnx"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    message = refusal(folder)
    assert "hand.onnx is not the graph that bundle.json names" in message
    assert "export it again" in message


def test_missing_graph_file_is_named(folder: Path) -> None:
    (folder / "face.onnx").unlink()
    assert "face.onnx is missing; export it again" in refusal(folder)


def test_missing_description_says_how_to_make_a_model(folder: Path) -> None:
    (folder / FILE_NAME).unlink()
    assert "it has no bundle.json. Make one with wb-export" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b'{"format": 1, "graphs": {',  # cut short
        b"\xff\xfe\x00",  # not UTF-8
        b"[]",
        b"null",
        b"3",
        b"{}",
        b'{"format": 1}',
        b'{"format": 1, "graphs": []}',
        b'{"format": 1, "graphs": null}',
        b'{"format": 1, "graphs": {"body": 3, "hand": 3, "face": 3, "pose": 3}}',
        b'{"format": 1, "graphs": {"body": {}, "hand": {}, "face": {}, "pose": {}}}',
    ],
)
def test_damaged_description_is_refused(folder: Path, content: bytes) -> None:
    (folder / FILE_NAME).write_bytes(content)
    assert "export it again" in refusal(folder)


def test_joints_have_a_depth_where_the_bundle_names_one(folder: Path) -> None:
    assert Bundle.load(folder).joint_depth is None
    describe(folder, {**bundle_description(folder), "joint_depth": {"metres": 2.0, "bins": 8}})
    depth = Bundle.load(folder).joint_depth
    assert depth == JointDepth(2.0, 8)
    np.testing.assert_allclose(depth.behind_m(np.array((0.0, 4.0, 6.0))), (-1.0, 0.0, 0.5))


@pytest.mark.parametrize(
    "depth",
    [
        3,
        {},
        {"metres": 0, "bins": 8},
        {"metres": 2.0, "bins": 0},
        {"metres": "x"},
        {"metres": 2.0, "bins": float("inf")},
    ],
)
def test_a_depth_that_is_none_is_refused(folder: Path, depth: object) -> None:
    describe(folder, {**bundle_description(folder), "joint_depth": depth})
    assert "is damaged" in refusal(folder)


@pytest.mark.parametrize("version", [0, FORMAT + 1, "new", None])
def test_other_format_is_refused_naming_both(folder: Path, version: object) -> None:
    describe(folder, {**bundle_description(folder), "format": version})
    assert f"is of format {version}, this wb-track reads format {FORMAT}" in refusal(folder)


@pytest.mark.parametrize("graph", GRAPHS)
def test_missing_entry_is_named(folder: Path, graph: str) -> None:
    description = bundle_description(folder)
    graphs: Any = description["graphs"]
    describe(folder, {**description, "graphs": {name: graphs[name] for name in graphs if name != graph}})
    assert f"names no graph for {graph}" in refusal(folder)


@pytest.mark.parametrize("key", ["name", "precision", "licence", "shape_space"])
@pytest.mark.parametrize("value", [None, 3])
def test_description_without_a_text_is_refused(folder: Path, key: str, value: object) -> None:
    describe(folder, {**bundle_description(folder), key: value})
    assert "its description is incomplete" in refusal(folder)


@pytest.mark.parametrize("file", ["../x.onnx", "inner/x.onnx", "..", ".", "", "{outside}/x.onnx"])
def test_graph_outside_the_folder_is_refused(folder: Path, file: str) -> None:
    """Though it is there and its hash is right."""
    for place in (folder.parent, folder / "inner"):
        place.mkdir(exist_ok=True)
        (place / "x.onnx").write_bytes(b"a graph")
    hashed = {"file": file.format(outside=folder.parent), "sha256": sha256(folder.parent / "x.onnx")}
    description = bundle_description(folder)
    graphs: Any = description["graphs"]
    describe(folder, {**description, "graphs": {**graphs, "body": hashed}})
    assert "export it again" in refusal(folder)


def pictures(*shape: int | None) -> TensorSpec:
    return TensorSpec(np.dtype(np.uint8), shape)


def test_graphs_are_held_to_their_contracts() -> None:
    spec = pictures(None, 64, 96, 3)
    check_contract(DETECTOR, {"image": spec}, ["scores", "boxes"])
    with pytest.raises(BundleError, match="the model's detector graph takes crop, expected image; export it again"):
        check_contract(DETECTOR, {"crop": spec}, ["scores", "boxes"])
    with pytest.raises(BundleError, match="detector graph gives boxes, expected boxes, scores"):
        check_contract(DETECTOR, {"image": spec}, ["boxes"])


@pytest.mark.parametrize("shape", [(None, None, 96, 3), (None, 64, None, 3), (None, 3, 64, 96), (64, 96, 3)])
def test_pictures_of_no_one_size_are_refused(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(BundleError, match=r"body graph takes uint8 \(.*\), expected pictures of one size; export it"):
        check_contract("body", {"crop": pictures(*shape)}, ["features", "joints", "boxes"])


def test_missing_folder_says_how_to_make_it(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    with pytest.raises(FileNotFoundError, match=f"no model at {folder}; make one with wb-export CHECKPOINT --out"):
        Bundle.load(folder)


def test_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no model at"):
        Bundle.load(folder / "body.onnx")
