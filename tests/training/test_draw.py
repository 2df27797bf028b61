"""Pictures of spheres: lit, mixed at the edges, in front of each other; framing and contact sheets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.draw import View, draw, front_camera, grid, join

RED, BLUE = (220, 40, 30), (30, 60, 210)


def _sphere(radius: float = 0.5, around: int = 48, up: int = 24) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """A UV sphere, its faces anticlockwise from outside: vertices (V, 3), faces (F, 3)."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, up + 1), np.linspace(0, 2 * np.pi, around + 1), indexing="ij")
    vertices = radius * np.stack((np.sin(theta) * np.cos(phi), np.cos(theta), -np.sin(theta) * np.sin(phi)), -1)
    index = np.arange((up + 1) * (around + 1), dtype=np.int32).reshape(up + 1, around + 1)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    faces = np.concatenate((np.stack((a, c, b), -1), np.stack((b, c, d), -1)))
    return vertices.reshape(-1, 3), faces.astype(np.int32)


def test_a_sphere_is_lit_on_its_background() -> None:
    vertices, faces = _sphere()
    camera_vertices, camera = front_camera(vertices, (80, 60))
    background = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    picture = draw(camera_vertices, faces, camera, (80, 60), background, colour=RED)
    assert picture.shape == (60, 80, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[:3], background[:3])
    np.testing.assert_array_equal(picture[:, :10], background[:, :10])
    inside = picture[25:35, 35:45].astype(int)
    assert (inside[..., 0] > 2 * inside[..., 1]).all()
    brightness = picture.sum(-1, dtype=int)
    assert brightness[15:25, 28:38].mean() > 1.3 * brightness[38:46, 42:52].mean()  # lit from above, from the left
    drawn_inside_out = draw(camera_vertices, faces[:, ::-1], camera, (80, 60), background, colour=RED)
    np.testing.assert_allclose(drawn_inside_out, picture, atol=1)


def test_edges_are_mixed_with_the_background() -> None:
    square = np.array([[-1.0, -1.0, 2.0], [1.0, -1.0, 2.0], [1.0, 1.0, 2.0], [-1.0, 1.0, 2.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    # Two metres at 5 px a metre end at pixels -0.5 + 5 and 4.5 + 5: on the border between pixels, and in one's middle.
    for cx, levels in ((9.5, 2), (9.75, 3)):
        picture = draw(square, faces, (10.0, 10.0, cx, 9.5), (20, 20), (0, 0, 0), colour=(200, 200, 200))
        assert len(np.unique(picture[8:12, :, 0])) == levels
    assert (picture[8:12, 8:12] == picture[9, 9]).all()


def test_what_is_behind_the_camera_is_not_drawn() -> None:
    vertices, faces = _sphere()
    assert (draw(vertices - (0, 0, 3), faces, (30.0, 30.0, 15.0, 15.0), (32, 32)) == 255).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_joined_meshes_hide_each_other(order: tuple[int, int]) -> None:
    vertices, faces = _sphere()
    near, far = np.array([0.0, 0.0, 3.0]), np.array([0.3, 0.0, 4.0])
    bodies = [(vertices + near, faces, RED), (vertices + far, faces, BLUE)]
    together = join([bodies[index] for index in order])
    picture = draw(*together[:2], (60.0, 60.0, 30.0, 30.0), (64, 64), colour=together[2]).astype(int)
    assert picture[30, 30].argmax() == 0  # the nearer one, where both are
    assert picture[30, 41].argmax() == 2


def test_a_background_of_another_size_is_refused() -> None:
    vertices, faces = _sphere()
    with pytest.raises(ValueError, match=r"background: expected a colour or \(20, 30, 3\), got \(30, 20, 3\)"):
        draw(vertices, faces, (1.0, 1.0, 0.0, 0.0), (30, 20), np.zeros((30, 20, 3), np.uint8))


# Where the nose, ahead of the head, and the left ear are: to the right (+) or left (-) in the picture, nearer (-) or
# farther (+) than the head's middle.
@pytest.mark.parametrize(
    ("view", "nose", "left_ear"),
    [
        ("front", (0, -1), (1, 0)),
        ("side", (-1, 0), (0, -1)),
        ("three-quarter", (-1, -1), (1, -1)),
        ("back", (0, 1), (-1, 0)),
    ],
)
def test_views_show_their_side(view: View, nose: tuple[int, int], left_ear: tuple[int, int]) -> None:
    points = np.array([[0.0, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, -1], [-1, 0, 0], [0, -1, 0]])
    in_camera, _ = front_camera(points, (100, 100), view)
    middle = in_camera[0]
    for point, expected in ((in_camera[1], nose), (in_camera[2], left_ear)):
        assert tuple(np.sign(np.round(point - middle, 6))[[0, 2]].astype(int)) == expected
    assert in_camera[3, 1] < middle[1]  # up
    assert (in_camera[:, 2] > 0).all()


@pytest.mark.parametrize("view", ["front", "side", "three-quarter", "back"])
@pytest.mark.parametrize("size_wh", [(200, 100), (60, 180)])
def test_the_target_fills_the_picture(view: View, size_wh: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    body = rng.normal(size=(200, 3)) * [0.4, 1.0, 0.2] + [3, 2, 1]
    for target in (None, body[:20]):
        in_camera, (fx, fy, cx, cy) = front_camera(body, size_wh, view, target, fill=0.8)
        framed: NDArray[Any] = in_camera if target is None else in_camera[:20]
        px = framed[:, :2] / framed[:, 2:] * [fx, fy] + [cx, cy]
        low, high = px.min(0), px.max(0)
        np.testing.assert_allclose((low + high) / 2, (np.array(size_wh) - 1) / 2)
        assert ((high - low) / size_wh).max() == pytest.approx(0.8)


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(ValueError, match="view: expected one of front, three-quarter, side, back, got top"):
        front_camera(np.zeros((1, 3)), (10, 10), "top")  # type: ignore[arg-type]


def test_grid_lays_out_pictures_under_labels() -> None:
    pictures = [np.full((40, 60, 3), 10 * i, np.uint8) for i in range(4)] + [np.full((20, 30, 3), 99, np.uint8)]
    sheet = grid(pictures, 3, ["one", "two", "three", "", "a label far longer than its picture is wide"])
    plain = grid(pictures, 3)
    assert sheet.shape[1] == plain.shape[1]
    assert sheet.shape[0] > plain.shape[0] > 80
    for value, count in ((0, 2400), (10, 2400), (20, 2400), (30, 2400), (99, 600)):
        assert (plain == value).all(-1).sum() == count
    assert (sheet[:30] < 128).any()
    assert grid(pictures[:1], 3).shape[1] < 80  # no empty columns


@pytest.mark.parametrize(("count", "labels"), [(2, ["one"]), (0, [])])
def test_grid_refuses_what_does_not_match(count: int, labels: list[str]) -> None:
    with pytest.raises(ValueError, match=f"got {count} pictures, {len(labels)} labels"):
        grid([np.zeros((4, 4, 3), np.uint8)] * count, 2, labels)
