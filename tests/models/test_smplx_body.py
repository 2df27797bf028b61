"""The body against a plain float64 reference, and every file it may come from."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays, BodyFileError, read_body_file
from models.joints import SMPLX_JOINTS, SMPLX_POINTS, SMPLX_VERTEX_POINTS
from models.smplx_body import SmplxBody
from tests import standins

Array = NDArray[np.float64]
Raw = dict[str, Any]

JOINTS = len(SMPLX_JOINTS)
REST = np.broadcast_to(np.eye(3), (JOINTS, 3, 3))
NONE = np.zeros(10)
CONTOUR = slice(len(SMPLX_POINTS) - 17, None)
LANDMARKS = slice(len(SMPLX_POINTS) - 17 - 51, len(SMPLX_POINTS) - 17)


@pytest.fixture(scope="module")
def raw() -> Raw:
    """The stand-in file's content."""
    return dict(standins.body_arrays())


@pytest.fixture(scope="module")
def arrays(body_path: Path) -> BodyArrays:
    return read_body_file(body_path)


@pytest.fixture(scope="module")
def small(raw: Raw) -> Raw:
    """A body in the layout of version 1.0, a tenth of the size: 20 directions, a sparse regressor, narrow numbers."""
    regressor = np.where(raw["J_regressor"] > 1e-5, raw["J_regressor"], 0.0)
    return {
        **{key: raw[key] for key in raw if not key.startswith("hands_components")},
        "shapedirs": raw["shapedirs"][:, :, :20],
        "posedirs": raw["posedirs"].astype(np.float16),
        "weights": raw["weights"].astype(np.float32),
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
    }


@pytest.fixture(scope="module")
def small_npz(small: Raw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "SMPLX.npz"
    np.savez(path, **small)
    return path


def random_pose(seed: int = 0) -> Array:
    """(55, 3, 3), up to a radian or so a joint."""
    turns = 0.5 * np.random.default_rng(seed).standard_normal((JOINTS, 3))
    return np.asarray(Rotation.from_rotvec(turns).as_matrix())


def pelvis_of(body: SmplxBody, betas: Array) -> Array:
    return np.asarray(body.pelvis_template + body.pelvis_directions[:, :10] @ betas)


def one_hot(k: int) -> Array:
    return np.asarray(np.eye(10)[k])


def about_y(degrees: float) -> Array:
    return Rotation.from_euler("y", degrees, degrees=True).as_matrix()


def posed(**rotations: Array) -> Array:
    """The rest pose but for the joints named."""
    pose = REST.copy()
    for name, rotation in rotations.items():
        pose[SMPLX_JOINTS.index(name)] = rotation
    return pose


def on_faces(vertices: NDArray[Any], triangles: NDArray[Any], faces: NDArray[Any], weights: Array) -> Array:
    """Points (P, 3) on faces (P,) of `triangles` by barycentric weights (P, 3)."""
    points = [w @ vertices[triangles[face]].astype(np.float64) for face, w in zip(faces, weights, strict=True)]
    return np.array(points, np.float64)


def reference(arrays: BodyArrays, pose: Array, betas: Array, expression: Array) -> tuple[Array, Array]:
    """Linear blend skinning as the paper writes it: vertices (V, 3) and joints (55, 3), float64."""
    shaped = arrays.template + arrays.shape_directions @ np.concatenate((betas, expression))
    joints = arrays.regressor @ shaped
    feature = np.concatenate([(rotation - np.eye(3)).reshape(9) for rotation in pose[1:]])
    corrected = shaped + np.einsum("vck,k->vc", arrays.pose_directions, feature)
    turns, places = [pose[0]], [joints[0]]
    for joint in range(1, JOINTS):
        parent = arrays.parents[joint]
        places.append(places[parent] + turns[parent] @ (joints[joint] - joints[parent]))
        turns.append(turns[parent] @ pose[joint])
    vertices = np.zeros_like(corrected)
    for joint in range(JOINTS):
        moved = (corrected - joints[joint]) @ turns[joint].T + places[joint]
        vertices += arrays.weights[:, joint, None] * moved
    return vertices, np.array(places)


def assert_near(found: NDArray[Any], expected: NDArray[Any], limit: float = 1e-5) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=limit)


# The mesh


def test_rest_pose_is_the_template(body: SmplxBody, arrays: BodyArrays) -> None:
    mesh = body.forward(REST, NONE, NONE)
    assert_near(mesh.vertices_m, arrays.template, 1e-6)
    assert_near(mesh.joints_m[:JOINTS], arrays.regressor @ arrays.template, 1e-6)


def test_counts_and_types_of_the_mesh(body: SmplxBody) -> None:
    mesh = body.forward(REST, NONE, NONE)
    assert mesh.vertices_m.shape == (10475, 3)
    assert mesh.joints_m.shape == (len(SMPLX_POINTS), 3)
    assert mesh.vertices_m.dtype == mesh.joints_m.dtype == np.float32
    assert body.vertex_count == 10475


@pytest.mark.parametrize("file", ["body_path", "open_body_path"])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_pose_agrees_with_float64_reference(request: pytest.FixtureRequest, file: str, seed: int) -> None:
    arrays = read_body_file(request.getfixturevalue(file))
    body = SmplxBody(arrays)
    betas, expression = np.random.default_rng(seed).standard_normal((2, 10))
    mesh = body.forward(random_pose(seed), betas, expression)
    vertices, joints = reference(arrays, random_pose(seed), betas, expression)
    assert_near(mesh.vertices_m, vertices)
    assert_near(mesh.joints_m[:JOINTS], joints)


def test_landmarks_lie_on_their_faces(body: SmplxBody, arrays: BodyArrays) -> None:
    mesh = body.forward(random_pose(), NONE, NONE)
    expected = on_faces(mesh.vertices_m, arrays.faces, arrays.landmark_faces, arrays.landmark_weights)
    assert_near(mesh.joints_m[LANDMARKS], expected)


@pytest.mark.parametrize(("name", "vertex"), [("nose", 9120), ("left_big_toe", 5770), ("right_pinky", 8022)])
def test_named_point_is_its_vertex(body: SmplxBody, name: str, vertex: int) -> None:
    mesh = body.forward(random_pose(), NONE, NONE)
    assert_near(mesh.joints_m[JOINTS + SMPLX_VERTEX_POINTS.index(name)], mesh.vertices_m[vertex], 0.0)


def test_open_bodys_points_are_the_vertices_its_file_names(open_body_path: Path) -> None:
    mesh = SmplxBody.load(open_body_path).forward(random_pose(), NONE, NONE)
    named = standins.open_body_arrays()["vertex_points"]
    points = mesh.joints_m[JOINTS : JOINTS + len(SMPLX_VERTEX_POINTS)]
    assert_near(points, mesh.vertices_m[named], 0.0)


def test_counts_of_an_open_bodys_mesh(open_body_path: Path) -> None:
    body = SmplxBody.load(open_body_path)
    mesh = body.forward(REST, NONE, NONE)
    assert mesh.vertices_m.shape == (700, 3)
    assert mesh.joints_m.shape == (len(SMPLX_POINTS), 3)
    assert body.vertex_count == 700


def test_translation_moves_everything(body: SmplxBody) -> None:
    translation = np.array([1.0, -2.0, 30.0])
    still, moved = (body.forward(random_pose(), NONE, NONE, by) for by in (None, translation))
    assert_near(moved.vertices_m, still.vertices_m.astype(np.float64) + translation)
    assert_near(moved.joints_m, still.joints_m.astype(np.float64) + translation)


def test_root_rotation_turns_everything_about_the_pelvis(body: SmplxBody) -> None:
    turn = Rotation.from_rotvec([0.3, -0.2, 2.0]).as_matrix()
    pose = random_pose()
    pose[0] = np.eye(3)
    turned = pose.copy()
    turned[0] = turn
    betas = one_hot(0)
    pelvis = pelvis_of(body, betas)
    before, after = (body.forward(p, betas, NONE) for p in (pose, turned))
    assert_near(after.vertices_m - pelvis, (before.vertices_m - pelvis) @ turn.T)
    # But for the contour, which depends on where the head faces.
    assert_near(after.joints_m[:-17] - pelvis, (before.joints_m[:-17] - pelvis) @ turn.T)


@pytest.mark.parametrize("k", [0, 9])
def test_shape_coefficient_moves_along_its_direction(body: SmplxBody, arrays: BodyArrays, k: int) -> None:
    moved = body.forward(REST, 2 * one_hot(k), NONE).vertices_m - arrays.template
    assert_near(moved, 2 * arrays.shape_directions[:, :, k])


@pytest.mark.parametrize("k", [0, 9])
def test_expression_coefficient_moves_along_its_direction(body: SmplxBody, arrays: BodyArrays, k: int) -> None:
    moved = body.forward(REST, NONE, 2 * one_hot(k)).vertices_m - arrays.template
    assert_near(moved, 2 * arrays.shape_directions[:, :, 10 + k])


def test_inputs_are_left_as_they_are(body: SmplxBody) -> None:
    pose, betas, expression = random_pose(), one_hot(1), one_hot(2)
    body.forward(pose, betas, expression, np.ones(3))
    assert_near(pose, random_pose(), 0.0)
    assert_near(betas, one_hot(1), 0.0)
    assert_near(expression, one_hot(2), 0.0)


# The pelvis


@pytest.mark.parametrize("k", [0, 4])
def test_pelvis_is_the_first_joint_at_rest(body: SmplxBody, k: int) -> None:
    betas = 3 * one_hot(k)
    assert_near(pelvis_of(body, betas), body.forward(REST, betas, NONE).joints_m[0], 1e-6)


def test_pelvis_stays_where_it_is_when_the_body_is_posed(body: SmplxBody) -> None:
    betas = one_hot(3)
    assert_near(body.forward(random_pose(), betas, NONE).joints_m[0], pelvis_of(body, betas), 1e-6)


def test_pelvis_directions_know_the_expression_too(body: SmplxBody) -> None:
    expression = 2 * one_hot(5)
    expected = body.pelvis_template + body.pelvis_directions @ np.concatenate((NONE, expression))
    assert_near(body.forward(REST, NONE, expression).joints_m[0], expected, 1e-6)


# The contour of the face


@pytest.mark.parametrize(
    ("degrees", "row"),
    [
        (0, 0),
        (-20, 20),  # to its right: the first half of the table
        (20, 39 + 20),  # to its left: the second half
        (-12.6, 13),  # to the nearest degree
        (12.4, 39 + 12),
        (-0.4, 0),
        (0.4, 0),
        (-39, 39),
        (39, 78),
        (-60, 39),  # no further than the table goes
        (60, 78),
    ],
)
def test_contour_follows_the_turn_of_the_head(body: SmplxBody, arrays: BodyArrays, degrees: float, row: int) -> None:
    mesh = body.forward(posed(neck=about_y(degrees)), NONE, NONE)
    expected = on_faces(mesh.vertices_m, arrays.faces, arrays.contour_faces[row], arrays.contour_weights[row])
    assert_near(mesh.joints_m[CONTOUR], expected)


@pytest.mark.parametrize(
    ("pose", "row"),
    [
        (posed(spine1=about_y(-10), spine3=about_y(-10), neck=about_y(-5)), 25),  # turns add up along the spine
        (posed(pelvis=about_y(30), neck=about_y(-30)), 0),  # and cancel
        (posed(left_shoulder=about_y(-30)), 0),  # an arm is not on the way to the head
    ],
)
def test_contour_follows_the_whole_chain_to_the_head(
    body: SmplxBody, arrays: BodyArrays, pose: Array, row: int
) -> None:
    mesh = body.forward(pose, NONE, NONE)
    expected = on_faces(mesh.vertices_m, arrays.faces, arrays.contour_faces[row], arrays.contour_weights[row])
    assert_near(mesh.joints_m[CONTOUR], expected)


# Files


def test_version_1_1_takes_shape_and_expression_from_their_columns(raw: Raw, arrays: BodyArrays) -> None:
    columns = [*range(10), *range(300, 310)]
    assert_near(arrays.shape_directions, raw["shapedirs"][:, :, columns], 0.0)


def test_version_1_0_takes_expression_from_columns_10_to_20(small: Raw, small_npz: Path) -> None:
    found = SmplxBody.load(small_npz).forward(REST, NONE, one_hot(0)).vertices_m - small["v_template"]
    assert_near(found, small["shapedirs"][:, :, 10])


def test_root_has_no_parent_though_the_file_writes_a_large_number(arrays: BodyArrays) -> None:
    assert arrays.parents[0] == -1


def test_hand_means_are_left_then_right(raw: Raw, arrays: BodyArrays) -> None:
    assert_near(arrays.hand_mean[0].reshape(45), raw["hands_meanl"], 0.0)
    assert_near(arrays.hand_mean[1].reshape(45), raw["hands_meanr"], 0.0)


def test_body_is_named_after_its_file(small_npz: Path) -> None:
    assert SmplxBody.load(small_npz).name == "SMPLX"


def test_open_body_is_named_after_its_space(open_body_path: Path) -> None:
    assert SmplxBody.load(open_body_path).name == standins.OPEN_SHAPE_SPACE


def test_file_that_says_nothing_of_itself_is_smplx(body: SmplxBody) -> None:
    assert body.shape_space == "smplx"
    assert body.licence == "the licence of the SMPL-X model, https://smpl-x.is.tue.mpg.de/modellicense.html"


def test_open_body_has_its_files_space_and_licence(open_body_path: Path) -> None:
    body = SmplxBody.load(open_body_path)
    assert (body.shape_space, body.licence) == (standins.OPEN_SHAPE_SPACE, "CC0 1.0, made up for tests")


@contextmanager
def fake_chumpy() -> Iterator[type[Any]]:
    """`chumpy.Ch` as pickles name it, while the block lasts."""

    class Ch:
        def __init__(self, x: NDArray[Any]) -> None:
            self.x = x
            self.dtype = x.dtype

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    module = types.ModuleType("chumpy.ch")
    module.__dict__["Ch"] = Ch
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
        patch.setitem(sys.modules, "chumpy.ch", module)
        yield Ch


@pytest.mark.parametrize("protocol", [2, 4])
def test_pickle_gives_the_mesh_of_the_npz(small: Raw, small_npz: Path, tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "SMPLX.pkl"
    with fake_chumpy() as ch:
        content = {**small, "J_regressor": csc_matrix(small["J_regressor"]), "shapedirs": ch(small["shapedirs"])}
        path.write_bytes(pickle.dumps(content, protocol))
    arguments = random_pose(), one_hot(0), one_hot(1)
    expected, found = (SmplxBody.load(file).forward(*arguments) for file in (small_npz, path))
    path.unlink()
    assert_near(found.vertices_m, expected.vertices_m, 0.0)
    assert_near(found.joints_m, expected.joints_m, 0.0)
    assert "chumpy" not in sys.modules


# Files that are not bodies


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
