"""The open body against the package it is made from: against a record of it, and against itself where it is installed.

What makes the body, or all the people it is made of, takes half a minute and runs only when WB_TRACK_SLOW_TESTS is set.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.body_file import OPEN_BODY, BodyArrays, read_body_file
from models.joints import SMPLX_JOINTS
from models.pose_correctives import planar
from models.smplx_body import SmplxBody
from tests.training.package_body import Array, Package, Person, fitted_betas, random_turns, rotations
from tests.training.record_body_reference import REFERENCE, STEP_M

_LIMIT_M = 5e-3
_PEOPLE = 100
_JOINTS = len(SMPLX_JOINTS)
_REST = np.tile(np.eye(3), (_JOINTS, 1, 1))
_NONE = np.zeros(10)

needs_package = pytest.mark.skipif(importlib.util.find_spec("anny") is None, reason="needs the package anny")
slow = pytest.mark.skipif("WB_TRACK_SLOW_TESTS" not in os.environ, reason="slow: set WB_TRACK_SLOW_TESTS=1")


@pytest.fixture(scope="module")
def arrays() -> BodyArrays:
    return read_body_file(OPEN_BODY)


@pytest.fixture(scope="module")
def body(arrays: BodyArrays) -> SmplxBody:
    return SmplxBody(arrays)


def distances_m(found: NDArray[Any], expected: Array) -> Array:
    return np.asarray(np.linalg.norm(found - expected, axis=-1))


# Against what was recorded


@pytest.fixture(scope="module")
def reference() -> dict[str, Array]:
    """Positions in metres, turns in radians."""
    with np.load(REFERENCE) as file:
        found = {key: file[key] for key in file.files}
    scales = {"shape_joints": STEP_M, "joints": STEP_M, "posed": STEP_M, "turns": 1e-3}
    return found | {key: found[key] * scale for key, scale in scales.items()}


def test_joints_of_recorded_shapes_are_the_rigs(body: SmplxBody, reference: dict[str, Array]) -> None:
    for betas, expected in zip(reference["shapes"], reference["shape_joints"], strict=True):
        joints = body.forward(_REST, betas, _NONE).joints_m[:_JOINTS]
        assert distances_m(joints, expected).max() < _LIMIT_M


# People have more to them than ten coefficients, hence the wider limits.


def test_joints_of_recorded_people_are_the_rigs(body: SmplxBody, reference: dict[str, Array]) -> None:
    meshes = [body.forward(_REST, betas, _NONE) for betas in reference["betas"]]
    off = distances_m(np.stack([mesh.joints_m[:_JOINTS] for mesh in meshes]), reference["joints"])
    assert off.mean() < 0.2 * _LIMIT_M
    assert off.max() < 1.5 * _LIMIT_M


def test_recorded_people_in_recorded_poses_are_the_packages(body: SmplxBody, reference: dict[str, Array]) -> None:
    off = []
    for betas, turns, expected in zip(reference["betas"], reference["turns"], reference["posed"], strict=True):
        mesh = body.forward(rotations(turns), betas, _NONE)
        off.append(distances_m(mesh.vertices_m[reference["sampled"]], expected).mean())
    assert np.mean(off) < _LIMIT_M
    assert np.max(off) < 1.5 * _LIMIT_M


def test_record_is_small() -> None:
    assert REFERENCE.stat().st_size < 300_000


# Against the package


@pytest.fixture(scope="module")
def package() -> Package:
    return Package()


@pytest.fixture(scope="module")
def turns() -> list[Array]:
    rng = np.random.default_rng(11)
    return [random_turns(rng) for _ in range(_PEOPLE)]


@pytest.fixture(scope="module")
def people(package: Package, turns: list[Array]) -> list[Person]:
    rng = np.random.default_rng(12)
    return [package.person(rng, rotations(turn)) for turn in turns]


@needs_package
def test_joints_of_random_people_are_the_rigs(arrays: BodyArrays, people: list[Person]) -> None:
    for person in people:
        assert distances_m(arrays.regressor @ person.vertices, person.joints).max() < _LIMIT_M


@needs_package
@slow
def test_joints_of_random_coefficients_are_the_rigs(body: SmplxBody, package: Package) -> None:
    space = package.shape_space()
    for betas in np.random.default_rng(13).standard_normal((_PEOPLE, 10)):
        expected = space.joints + np.einsum("k,kjc->jc", betas, space.joint_directions)
        joints = body.forward(_REST, betas, _NONE).joints_m[:_JOINTS]
        assert distances_m(joints, expected).max() < _LIMIT_M


@needs_package
def test_skinning_is_the_packages(arrays: BodyArrays, people: list[Person], turns: list[Array]) -> None:
    """Of people as they are: weights, correctives and joints are the open body's, the rest shape the package's."""
    body = SmplxBody(arrays)
    for person, turn in zip(people, turns, strict=True):
        body._template, body._joint_template = planar(person.vertices), arrays.regressor @ person.vertices
        vertices = body.forward(rotations(turn), _NONE, _NONE).vertices_m
        assert distances_m(vertices, person.posed).mean() < _LIMIT_M


@needs_package
def test_ten_coefficients_come_near_to_people(body: SmplxBody, arrays: BodyArrays, people: list[Person]) -> None:
    off = []
    for person in people[:30]:
        vertices = body.forward(_REST, fitted_betas(arrays, person.vertices), _NONE).vertices_m
        off.append(distances_m(vertices, person.vertices).mean())
    assert np.mean(off) < 2e-3


@needs_package
@slow
def test_two_makings_give_the_same_bytes_and_the_shipped_body(tmp_path: Path) -> None:
    files = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for file in files:
        subprocess.run([sys.executable, "-m", "training.make_body", str(file)], check=True)
    assert files[0].read_bytes() == files[1].read_bytes()
    with np.load(files[0]) as made, np.load(OPEN_BODY) as shipped:
        assert set(made.files) == set(shipped.files)
        for key in made.files:
            if made[key].dtype.kind == "f":
                np.testing.assert_allclose(made[key], shipped[key], rtol=0, atol=1e-4)
            else:
                np.testing.assert_array_equal(made[key], shipped[key])
