"""Files that are not bodies, and what is said of them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.body_file import BodyFileError, read_body_file
from tests.models.poses import JOINTS, Raw, assert_near, fake_chumpy


@pytest.fixture(scope="module")
def blank() -> Raw:
    """The smallest content that is read as a body."""
    vertices = 10475
    return {
        "v_template": np.zeros((vertices, 3), np.float32),
        "f": np.zeros((4, 3), np.uint32),
        "shapedirs": np.zeros((vertices, 3, 20), np.int8),
        "posedirs": np.zeros((vertices, 3, 9 * (JOINTS - 1)), np.int8),
        "J_regressor": np.zeros((JOINTS, vertices), np.int8),
        "weights": np.zeros((vertices, JOINTS), np.int8),
        "kintree_table": np.array([[-1, *range(JOINTS - 1)], range(JOINTS)]),
        "lmk_faces_idx": np.zeros(51, np.int64),
        "lmk_bary_coords": np.zeros((51, 3), np.float32),
        "dynamic_lmk_faces_idx": np.zeros((79, 17), np.int64),
        "dynamic_lmk_bary_coords": np.zeros((79, 17, 3), np.float32),
        "hands_meanl": np.zeros(45, np.float32),
        "hands_meanr": np.zeros(45, np.float32),
    }


def with_value(array: NDArray[Any], value: float) -> NDArray[Any]:
    """A copy whose last entry is another."""
    changed = array.astype(np.float64 if isinstance(value, float) else np.int64)
    changed.flat[-1] = value
    return changed


def refusal(path: Path) -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(BodyFileError) as refused:
        read_body_file(path)
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def save(path: Path, content: Mapping[str, Any]) -> Path:
    np.savez_compressed(path, **content)
    return path


def test_blank_body_is_read(blank: Raw, tmp_path: Path) -> None:
    assert_near(read_body_file(save(tmp_path / "body.npz", blank)).template, blank["v_template"], 0.0)


@pytest.mark.parametrize("key", ["weights", "v_template", "dynamic_lmk_bary_coords", "hands_meanr"])
def test_missing_key_is_named(blank: Raw, tmp_path: Path, key: str) -> None:
    content = {name: value for name, value in blank.items() if name != key}
    assert f"lacks {key}" in refusal(save(tmp_path / "body.npz", content))


def test_all_missing_keys_are_named(blank: Raw, tmp_path: Path) -> None:
    content = {name: value for name, value in blank.items() if name not in ("f", "weights")}
    assert "lacks f, weights" in refusal(save(tmp_path / "body.npz", content))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "v_template",
            np.zeros((6890, 3)),
            "v_template is shape (6890, 3) of float64, expected numbers of shape (10475, 3)",
        ),
        ("weights", np.zeros((10475, 24)), "weights is shape (10475, 24)"),  # SMPL's
        ("f", np.zeros((4, 4), int), "f is shape (4, 4)"),
        ("shapedirs", np.zeros((10475, 3)), "shapedirs is shape (10475, 3)"),
        ("shapedirs", np.zeros((10475, 3, 19)), "19 shape and expression directions, expected at least 20"),
        ("hands_meanl", np.array(["a"] * 45), "hands_meanl is shape (45,) of <U1, expected numbers"),
        ("hands_meanl", np.zeros(45, np.complex64), "hands_meanl is shape (45,) of complex64, expected numbers"),
        ("kintree_table", np.array([[-1, *range(2, 55), 3], range(55)]), "a joint comes before its parent"),
    ],
)
def test_wrong_array_is_named(blank: Raw, tmp_path: Path, key: str, value: NDArray[Any], words: str) -> None:
    assert words in refusal(save(tmp_path / "body.npz", {**blank, key: value}))


@pytest.mark.parametrize("key", ["v_template", "weights", "shapedirs", "lmk_bary_coords"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(blank: Raw, tmp_path: Path, key: str, value: float) -> None:
    path = save(tmp_path / "body.npz", {**blank, key: with_value(blank[key], value)})
    assert f"{key} holds values that are not finite" in refusal(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("f", 10475),
        ("f", -1),
        ("lmk_faces_idx", 4),
        ("lmk_faces_idx", -1),
        ("dynamic_lmk_faces_idx", 4),
        ("dynamic_lmk_faces_idx", -5),
    ],
)
def test_faces_out_of_range_are_named(blank: Raw, tmp_path: Path, key: str, value: int) -> None:
    path = save(tmp_path / "body.npz", {**blank, key: with_value(blank[key], value)})
    assert f"{key} points past" in refusal(path)


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
@pytest.mark.parametrize("content", [b"", b"not a body, but a text\n", b"PK\x03\x04 cut short"])
def test_other_file_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"body{suffix}"
    path.write_bytes(content)
    assert "damaged or another format" in refusal(path)


def test_file_cut_short_is_refused(blank: Raw, tmp_path: Path) -> None:
    path = save(tmp_path / "body.npz", blank)
    path.write_bytes(path.read_bytes()[:-100])
    assert "damaged or another format" in refusal(path)


def test_file_damaged_in_the_middle_is_refused(blank: Raw, tmp_path: Path) -> None:
    path = save(tmp_path / "body.npz", {"v_template": np.random.default_rng(0).random((10475, 3)), **blank})
    content = bytearray(path.read_bytes())
    content[60:260] = bytes(range(200))
    path.write_bytes(content)
    assert "damaged or another format" in refusal(path)


def test_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "body.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    assert "damaged or another format" in refusal(path)


def test_object_array_is_refused(blank: Raw, tmp_path: Path) -> None:
    path = save(tmp_path / "body.npz", {**blank, "weights": np.array([{}], dtype=object)})
    assert "damaged or another format" in refusal(path)


def test_chumpy_array_without_values_is_refused(blank: Raw, tmp_path: Path) -> None:
    path = tmp_path / "body.pkl"
    with fake_chumpy() as ch:
        empty = ch(np.zeros(3))
        del empty.x
        path.write_bytes(pickle.dumps({**blank, "shapedirs": empty}, 2))
    assert refusal(path)


def test_pickle_that_is_not_a_dict_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "body.pkl"
    path.write_bytes(pickle.dumps([1, 2, 3], 2))
    assert "holds a list, expected a dict" in refusal(path)


@pytest.mark.parametrize("name", ["body.npz", "body.pkl"])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"no body file at .*{name}"):
        read_body_file(tmp_path / name)


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no body file at"):
        read_body_file(tmp_path)
