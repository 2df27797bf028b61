"""Every file that a body may come from: versions, pickles, open bodies."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest
from scipy.sparse import csc_matrix

from models.body_file import BodyArrays
from models.smplx_body import SmplxBody
from tests import standins
from tests.models.poses import NONE, REST, Raw, assert_near, fake_chumpy, one_hot, random_pose


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
