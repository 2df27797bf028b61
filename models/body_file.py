"""Reading a body file into checked arrays: SMPL-X, .npz or .pkl, versions 1.0 and 1.1, and bodies in its layout."""

from __future__ import annotations

import pickle
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.joints import CONTOUR_LANDMARKS, SMPLX_JOINTS, SMPLX_VERTEX_POINTS, STATIC_LANDMARKS
from models.safe_pickle import UnsafePickleError, load_arrays

OPEN_BODY = Path(__file__).parent / "open" / "body.npz"  # shipped with the program

SMPLX_SHAPE_SPACE = "smplx"
_SMPLX_VERTICES = 10475
# Keys that a file may add; where it does not it is SMPL-X's own. Vertex points as in the SMPL-X authors' code.
_OPTIONAL: Mapping[str, Any] = {
    "vertex_points": np.array(
        (
            *(9120, 9929, 9448, 616, 6, 5770, 5780, 8846, 8463, 8474, 8635),
            *(5361, 4933, 5058, 5169, 5286, 8079, 7669, 7794, 7905, 8022),
        )
    ),
    "shape_space": SMPLX_SHAPE_SPACE,
    "licence": "the licence of the SMPL-X model, https://smpl-x.is.tue.mpg.de/modellicense.html",
}

_MOST_VERTICES = 20_000
_JOINTS = len(SMPLX_JOINTS)
_POSE_FEATURES = 9 * (_JOINTS - 1)
_CONTOUR_ROWS = 79  # head turns of -39 to 39 degrees
COEFFICIENTS = 10
_FULL_DIRECTIONS = 400  # 300 of shape, then 100 of expression
_FULL_SHAPE = 300

# What NumPy and pickle raise for bytes they cannot parse.
_UNREADABLE = (
    *(ValueError, OSError, EOFError, AttributeError, TypeError, KeyError, IndexError, ImportError, RuntimeError),
    *(MemoryError, OverflowError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, pickle.UnpicklingError),
)

# Expected shape of each key that must be there: None where any length will do, _V for the number of vertices.
_V = -1
_SHAPES: dict[str, tuple[int | None, ...]] = {
    "v_template": (_V, 3),
    "f": (None, 3),
    "shapedirs": (_V, 3, None),
    "posedirs": (_V, 3, _POSE_FEATURES),
    "J_regressor": (_JOINTS, _V),
    "weights": (_V, _JOINTS),
    "kintree_table": (2, _JOINTS),
    "lmk_faces_idx": (STATIC_LANDMARKS,),
    "lmk_bary_coords": (STATIC_LANDMARKS, 3),
    "dynamic_lmk_faces_idx": (_CONTOUR_ROWS, CONTOUR_LANDMARKS),
    "dynamic_lmk_bary_coords": (_CONTOUR_ROWS, CONTOUR_LANDMARKS, 3),
    "hands_meanl": (45,),
    "hands_meanr": (45,),
}


class BodyFileError(ValueError):
    """The file is not a body in SMPL-X's layout; the message says in what way."""


@dataclass(frozen=True)
class BodyArrays:
    """Arrays of a body file, in float64 and metres, as `SmplxBody` needs them.

    Pose directions, of which there are many, and weights keep the file's type. shape_space: what the coefficients of
    shape and expression mean; "smplx" for SMPL-X.
    """

    template: NDArray[np.float64]  # (V, 3)
    faces: NDArray[np.int32]  # (F, 3)
    shape_directions: NDArray[np.float64]  # (V, 3, 20): 10 of shape, 10 of expression
    pose_directions: NDArray[Any]  # (V, 3, 486)
    regressor: NDArray[np.float64]  # (55, V)
    weights: NDArray[Any]  # (V, 55)
    parents: NDArray[np.int64]  # (55,), -1 at the root, each before its children
    landmark_faces: NDArray[np.int64]  # (51,)
    landmark_weights: NDArray[np.float64]  # (51, 3)
    contour_faces: NDArray[np.int64]  # (79, 17)
    contour_weights: NDArray[np.float64]  # (79, 17, 3)
    hand_mean: NDArray[np.float64]  # (2, 15, 3) axis-angle, left and right
    vertex_points: NDArray[np.int64]  # (21,): the vertices that stand for `joints.SMPLX_VERTEX_POINTS`
    shape_space: str
    licence: str


def read_body_file(path: Path) -> BodyArrays:
    """Read and check a body file, running nothing in it. Raises FileNotFoundError, or BodyFileError saying why.

    A file that names its `vertex_points` may have any number of vertices up to 20,000; others have SMPL-X's 10,475.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no body file at {path}")
    raw = _read(path)
    if missing := [key for key in _SHAPES if key not in raw]:
        raise BodyFileError(f"{path} is not an SMPL-X body: it lacks {', '.join(missing)}")
    vertices = _vertex_count(path, raw)
    for key, shape in _SHAPES.items():
        _check(path, key, raw[key], tuple(vertices if size == _V else size for size in shape))
    return _arrays(path, {**_OPTIONAL, **raw})


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix.lower() == ".pkl":
            return load_arrays(path)
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in (*_SHAPES, *_OPTIONAL) if key in file.files}
    except UnsafePickleError as error:
        raise BodyFileError(f"{path} was refused: {error}") from error
    except _UNREADABLE as error:
        message = f"{path} cannot be read as an SMPL-X .npz or .pkl: it is damaged or another format"
        raise BodyFileError(message) from error


def _vertex_count(path: Path, raw: Mapping[str, Any]) -> int:
    if "vertex_points" not in raw:
        return _SMPLX_VERTICES
    _check(path, "v_template", raw["v_template"], (None, 3))
    count = len(raw["v_template"])
    if not 0 < count <= _MOST_VERTICES:
        raise BodyFileError(f"{path} has {count} vertices, expected 1 to {_MOST_VERTICES}")
    _check(path, "vertex_points", raw["vertex_points"], (len(SMPLX_VERTEX_POINTS),), kinds="iu")
    return count


def _check(path: Path, key: str, value: Any, expected: tuple[int | None, ...], kinds: str = "fiu") -> None:
    numeric = isinstance(value, np.ndarray) and value.dtype.kind in kinds
    shape = value.shape if isinstance(value, np.ndarray) else ()
    fits = len(shape) == len(expected) and all(e in (None, s) for e, s in zip(expected, shape, strict=True))
    if not (numeric and fits):
        wanted = ", ".join("any" if e is None else str(e) for e in expected)
        numbers = "numbers" if "f" in kinds else "integers"
        raise BodyFileError(
            f"{path} is not an SMPL-X body: {key} is {_found(value)}, expected {numbers} of shape ({wanted})"
        )
    if not _finite(value):
        raise BodyFileError(f"{path} is not a usable SMPL-X body: {key} holds values that are not finite")


def _finite(values: NDArray[Any]) -> bool:
    if values.dtype == np.float16:
        # As integers, NumPy compares them twenty times faster: infinities and NaN are the largest of either sign.
        return bool(values.view(np.int16).max(initial=0) < 0x7C00 and values.view(np.uint16).max(initial=0) < 0xFC00)
    return bool(np.isfinite(values).all())


def _text(path: Path, key: str, value: Any) -> str:
    text = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if not isinstance(text, str) or len(text.strip().splitlines()) != 1:
        raise BodyFileError(f"{path} is not a usable SMPL-X body: {key} is {_found(value)}, expected one line of text")
    return text.strip()


def _found(value: Any) -> str:
    return f"shape {value.shape} of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def _check_indices(path: Path, raw: Mapping[str, Any]) -> None:
    vertices, faces = len(raw["v_template"]), len(raw["f"])
    for key, limit in (
        ("f", vertices),
        ("vertex_points", vertices),
        ("lmk_faces_idx", faces),
        ("dynamic_lmk_faces_idx", faces),
    ):
        if raw[key].size and not 0 <= raw[key].min() <= raw[key].max() < limit:
            raise BodyFileError(f"{path} is not an SMPL-X body: {key} points past its {limit} entries")


def _arrays(path: Path, raw: Mapping[str, Any]) -> BodyArrays:
    directions = raw["shapedirs"]
    expression_from = _FULL_SHAPE if directions.shape[2] >= _FULL_DIRECTIONS else COEFFICIENTS
    if directions.shape[2] < expression_from + COEFFICIENTS:
        raise BodyFileError(f"{path} has {directions.shape[2]} shape and expression directions, expected at least 20")
    used = [*range(COEFFICIENTS), *range(expression_from, expression_from + COEFFICIENTS)]
    parents = raw["kintree_table"][0].astype(np.int64)
    parents[0] = -1
    if not all(0 <= parent < joint for joint, parent in enumerate(parents[1:], 1)):
        raise BodyFileError(f"{path} has a kinematic tree in which a joint comes before its parent")
    _check_indices(path, raw)
    return BodyArrays(
        template=raw["v_template"].astype(np.float64),
        faces=raw["f"].astype(np.int32),
        shape_directions=directions[:, :, used].astype(np.float64),
        pose_directions=raw["posedirs"],
        regressor=raw["J_regressor"].astype(np.float64),
        weights=raw["weights"],
        parents=parents,
        landmark_faces=raw["lmk_faces_idx"].astype(np.int64),
        landmark_weights=raw["lmk_bary_coords"].astype(np.float64),
        contour_faces=raw["dynamic_lmk_faces_idx"].astype(np.int64),
        contour_weights=raw["dynamic_lmk_bary_coords"].astype(np.float64),
        hand_mean=np.stack((raw["hands_meanl"], raw["hands_meanr"])).reshape(2, 15, 3).astype(np.float64),
        vertex_points=raw["vertex_points"].astype(np.int64),
        shape_space=_text(path, "shape_space", raw["shape_space"]),
        licence=_text(path, "licence", raw["licence"]),
    )
