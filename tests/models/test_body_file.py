"""Body files that say how many vertices they have, and which: what is read, and one sentence for what is not."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.body_file import BodyFileError, read_body_file
from tests import standins

Raw = dict[str, NDArray[Any]]
VERTICES = 60


@pytest.fixture(scope="module")
def raw() -> Raw:
    return standins.open_body_arrays(VERTICES)


def test_keys_beyond_smplxs_are_read(raw: Raw, tmp_path: Path) -> None:
    arrays = read_body_file(standins.save_body(tmp_path / "body.npz", raw))
    np.testing.assert_array_equal(arrays.vertex_points, raw["vertex_points"])
    assert arrays.shape_space == standins.OPEN_SHAPE_SPACE
    assert arrays.licence == str(raw["licence"])
    assert arrays.template.shape == (VERTICES, 3)


def test_keys_nobody_knows_are_ignored(raw: Raw, tmp_path: Path) -> None:
    strange = {"version": np.array("2"), "objects": np.array([{}], dtype=object)}
    assert read_body_file(standins.save_body(tmp_path / "body.npz", {**raw, **strange}))


def test_pickle_may_name_its_vertices_too(raw: Raw, tmp_path: Path) -> None:
    path = tmp_path / "body.pkl"
    texts = {key: str(raw[key]) for key in ("shape_space", "licence")}
    path.write_bytes(pickle.dumps({**raw, **texts}, 2))
    arrays = read_body_file(path)
    np.testing.assert_array_equal(arrays.vertex_points, raw["vertex_points"])
    assert arrays.shape_space == standins.OPEN_SHAPE_SPACE


def test_directions_keep_their_type_and_values(raw: Raw, tmp_path: Path) -> None:
    arrays = read_body_file(standins.save_body(tmp_path / "body.npz", raw))
    assert arrays.pose_directions.dtype == np.float16
    np.testing.assert_array_equal(arrays.pose_directions, raw["posedirs"])


def changed(array: NDArray[Any], value: float) -> NDArray[Any]:
    """A copy whose last entry is another."""
    copy = array.copy()
    copy.flat[-1] = value
    return copy


_RAW = standins.open_body_arrays(VERTICES)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        # Vertex points: integers, 21, on the body.
        ("vertex_points", np.arange(20), "vertex_points is shape (20,) of int64, expected integers of shape (21)"),
        ("vertex_points", np.arange(21.0), "vertex_points is shape (21,) of float64, expected integers of shape (21)"),
        ("vertex_points", np.array(["nose"] * 21), "expected integers of shape (21)"),
        ("vertex_points", np.arange(21) + VERTICES - 20, "vertex_points points past its 60 entries"),
        ("vertex_points", np.arange(21) - 1, "vertex_points points past"),
        # One number of vertices throughout, and not any number.
        ("v_template", np.zeros((59, 3)), "shapedirs is shape (60, 3, 20) of float16, expected numbers of shape (59,"),
        ("v_template", np.zeros((60, 2)), "v_template is shape (60, 2) of float64, expected numbers of shape (any, 3)"),
        ("v_template", np.array(3.0), "v_template is shape () of float64"),
        ("v_template", np.zeros((0, 3)), "has 0 vertices, expected 1 to 20000"),
        ("v_template", np.zeros((20001, 3), np.int8), "has 20001 vertices, expected 1 to 20000"),
        ("weights", np.zeros((61, 55), np.int8), "weights is shape (61, 55) of int8, expected numbers of shape (60,"),
        ("J_regressor", np.zeros((55, 61), np.int8), "J_regressor is shape (55, 61)"),
        ("f", changed(_RAW["f"], VERTICES), "f points past its 60 entries"),
        # Narrow numbers are checked like wide ones.
        ("posedirs", changed(_RAW["posedirs"], np.nan), "posedirs holds values that are not finite"),
        ("posedirs", changed(_RAW["posedirs"], -np.nan), "posedirs holds values that are not finite"),
        ("posedirs", changed(_RAW["posedirs"], np.inf), "posedirs holds values that are not finite"),
        ("posedirs", changed(_RAW["posedirs"], -np.inf), "posedirs holds values that are not finite"),
        # Texts.
        ("shape_space", np.array(3), "shape_space is shape () of int64, expected one line of text"),
        ("shape_space", np.array(["a"]), "shape_space is shape (1,) of <U1, expected one line of text"),
        ("shape_space", np.array(b"a"), "shape_space is shape () of |S1, expected one line of text"),
        ("shape_space", np.array(""), "expected one line of text"),
        ("licence", np.array("a\nb"), "licence is shape () of <U3, expected one line of text"),
        ("licence", np.array({}, dtype=object), "damaged or another format"),
    ],
)
def test_bad_file_is_refused_in_one_sentence(
    raw: Raw, tmp_path: Path, key: str, value: NDArray[Any], words: str
) -> None:
    path = standins.save_body(tmp_path / "body.npz", {**raw, key: value})
    with pytest.raises(BodyFileError) as refused:
        read_body_file(path)
    message = str(refused.value)
    assert words in message
    assert str(path) in message
    assert "\n" not in message


def test_largest_half_precision_number_is_finite(raw: Raw, tmp_path: Path) -> None:
    for value in (65504.0, -65504.0, -0.0):
        content = {**raw, "posedirs": changed(raw["posedirs"], value)}
        assert read_body_file(standins.save_body(tmp_path / "body.npz", content))


def test_without_vertex_points_the_vertices_are_smplxs(raw: Raw, tmp_path: Path) -> None:
    content = {key: value for key, value in raw.items() if key != "vertex_points"}
    with pytest.raises(BodyFileError, match=r"v_template is shape \(60, 3\) .* expected numbers of shape \(10475, 3\)"):
        read_body_file(standins.save_body(tmp_path / "body.npz", content))
