"""The rasteriser against rays cast in float64, and its rules on borders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.triangles import NEAR_M, flat, mesh_of, random_scene, same_picture
from training.raster import Visibility, interpolate, rasterise


@pytest.mark.parametrize(
    ("corners", "expected"),
    [
        ([(0, 0), (3, 0), (0, 3)], {(x, y) for x in range(4) for y in range(4) if x + y <= 3}),  # the border counts
        ([(0, 3), (3, 0), (0, 0)], {(x, y) for x in range(4) for y in range(4) if x + y <= 3}),  # either way round
        ([(0.1, 0.1), (0.9, 0.2), (0.5, 0.9)], set()),  # between centres
        ([(1.9, 1.9), (2.2, 1.9), (2.0, 2.1)], {(2, 2)}),  # smaller than a pixel, around a centre
        ([(-9, -9), (30, -9), (-9, 30)], {(x, y) for x in range(6) for y in range(5)}),  # all of the picture
        ([(-5, 1), (-1, 1), (-3, 4)], set()),  # beside it
        ([(1, 5), (4, 5), (2, 9)], set()),  # below it
        ([(4.5, 3.5), (9, 3.5), (4.5, 9)], {(5, 4)}),  # the last pixel
        ([(1, 1), (2, 2), (3, 3)], set()),  # no area
        ([(1, 1), (1, 1), (1, 1)], set()),
    ],
)
def test_a_triangle_covers_the_centres_within(
    corners: list[tuple[float, float]], expected: set[tuple[int, int]]
) -> None:
    vertices, faces = mesh_of(flat(*corners))
    seen = rasterise(vertices, faces, (6, 5), NEAR_M)
    assert {(x, y) for y, x in (seen.face[0] == 0).nonzero().tolist()} == expected
    nothing = seen.face == -1
    assert torch.equal(torch.isinf(seen.depth), nothing)
    assert torch.equal((seen.barycentric == 0).all(-1), nothing)


def test_corners_and_edges_have_their_weights() -> None:
    vertices, faces = mesh_of([(0, 0, 1), (4, 0, 1), (0, 4, 3)])
    seen = rasterise(vertices, faces, (5, 5), NEAR_M)
    assert seen.barycentric[0, 0, 0].tolist() == [1, 0, 0]
    assert seen.barycentric[0, 0, 4].tolist() == [0, 1, 0]
    assert seen.depth[0, 4, 0] == 3
    # Half way on the screen between depths 1 and 3 lies 1.5: a quarter of the way in space.
    torch.testing.assert_close(seen.depth[0, 2, 0], torch.tensor(1.5))
    torch.testing.assert_close(seen.barycentric[0, 2, 0], torch.tensor([0.75, 0.0, 0.25]))


@pytest.mark.parametrize("seed", range(6))
def test_matches_rays_cast_in_float64(seed: int) -> None:
    (width, height), focal, centre = (64, 48), 60.0, (31.0, 22.0)
    vertices, faces = random_scene(seed)
    seen = rasterise(vertices, faces, (width, height), NEAR_M)

    px = vertices[0].double().numpy()
    corners = np.stack(((px[:, 0] - centre[0]) / focal, (px[:, 1] - centre[1]) / focal, np.ones(len(px))), -1)
    corners = (corners * px[:, 2:]).reshape(-1, 3, 3)  # (F, 3, 3) metres
    y, x = np.mgrid[:height, :width]
    rays = np.stack(((x - centre[0]) / focal, (y - centre[1]) / focal, np.ones(x.shape)), -1)  # (H, W, 3)
    # ray * depth = weights @ corners: the weights over the depth, for every pixel and triangle.
    ratios = np.einsum("hwk,fkc->hwfc", rays, np.linalg.inv(corners))
    depths = 1.0 / ratios.sum(-1)  # (H, W, F)
    weights = ratios * depths[..., None]
    allowed = (corners[..., 2] >= NEAR_M).all(-1)
    hit = (weights >= 0).all(-1) & allowed
    nearest = np.where(hit, depths, np.inf)
    expected = np.where(hit.any(-1), nearest.argmin(-1), -1)
    # Where an edge or a second surface is within rounding, either answer is right.
    on_edge = ((np.abs(weights).min(-1) < 1e-5) & allowed).any(-1)
    ordered = np.sort(nearest, -1)
    with np.errstate(invalid="ignore"):
        clear = ~on_edge & ~(ordered[..., 1] - ordered[..., 0] < 1e-5)

    assert clear.mean() > 0.98
    face = seen.face[0].numpy()
    np.testing.assert_array_equal(face[clear], expected[clear])
    h, w = np.nonzero(clear & (face >= 0))
    assert len(h) > 500
    np.testing.assert_allclose(seen.depth[0].numpy()[h, w], depths[h, w, face[h, w]], rtol=1e-6)
    np.testing.assert_allclose(seen.barycentric[0].numpy()[h, w], weights[h, w, face[h, w]], atol=1e-6)
    points = interpolate(torch.from_numpy(corners.reshape(1, -1, 3)).float(), faces, seen)[0].numpy()
    np.testing.assert_allclose(points[h, w], rays[h, w] * depths[h, w, face[h, w]][:, None], atol=1e-5)


@pytest.mark.parametrize(
    ("turn", "shift", "spread"),
    [
        (0.0, 0.0, 0.0),  # every vertex on a pixel centre
        (0.0, 0.5, 0.0),
        (0.3, 0.123, 0.4),
        (1.1, 0.0, 0.49),
    ],
)
@pytest.mark.parametrize("pitch", [0.37, 1.0, 5.3])
def test_neighbours_leave_no_gap(turn: float, shift: float, spread: float, pitch: float) -> None:
    count, size = int(90 / pitch), 24
    along = (torch.arange(count + 1) - count / 2) * pitch
    y, x = torch.meshgrid(along, along, indexing="ij")
    x, y = (axis + spread * pitch * (torch.rand(axis.shape) - 0.5) for axis in (x, y))
    cos, sin = np.cos(turn), np.sin(turn)
    vertices = torch.stack((cos * x - sin * y + 12 + shift, sin * x + cos * y + 12 + shift, torch.full_like(x, 3)), -1)
    index = torch.arange((count + 1) ** 2, dtype=torch.int32).view(count + 1, count + 1)
    a, b, c, d = (part.flatten() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    faces = torch.cat((torch.stack((a, b, c), -1), torch.stack((d, b, c), -1)))  # the halves wind differently
    seen = rasterise(vertices.view(1, -1, 3).float(), faces, (size, size), NEAR_M)
    assert (seen.face >= 0).all()
    torch.testing.assert_close(seen.depth, torch.full_like(seen.depth, 3))
    torch.testing.assert_close(seen.barycentric.sum(-1), torch.ones_like(seen.depth))


def test_a_fan_of_slivers_leaves_no_gap() -> None:
    random = torch.Generator().manual_seed(0)
    for _ in range(50):
        angles = torch.cat((torch.rand(400, generator=random) * 2 * torch.pi, torch.arange(3) * 2.0)).sort().values
        rim = torch.stack((20 + 60 * angles.cos(), 20 + 60 * angles.sin()), -1)
        middle = torch.round(torch.rand(1, 2, generator=random) * 40, decimals=1)
        xy = torch.cat((rim, middle))
        vertices = torch.cat((xy, torch.ones(len(xy), 1)), -1)[None]
        first = torch.arange(len(rim), dtype=torch.int32)
        faces = torch.stack((first, first.roll(-1), torch.full_like(first, len(rim))), -1)
        seen = rasterise(vertices, faces, (41, 41), NEAR_M)
        assert (seen.face >= 0).all()
        torch.testing.assert_close(seen.barycentric.sum(-1), torch.ones(1, 41, 41))


def test_lines_through_centres_cover_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    # Multiples of (3, 4) in float32 to the last bit, but not their distances from the centre at (3, 4).
    along = torch.randint(-(2**20), 2**20, (500, 3, 1), generator=random) / 2**26
    along[:, 2] = 2.0
    xy = along * torch.tensor([3.0, 4.0])
    vertices = torch.cat((xy, torch.ones(500, 3, 1)), -1).view(1, -1, 3)
    faces = torch.arange(1500, dtype=torch.int32).view(-1, 3)
    seen = rasterise(vertices, faces, (20, 20), NEAR_M)
    assert (seen.face == -1).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearest_is_seen_whatever_the_order(order: tuple[int, int]) -> None:
    corners = [(-1.0, -1.0), (20.0, -1.0), (-1.0, 20.0)]
    layers = [flat(*corners, depth=2.0), flat(*corners, depth=2.0001)]
    seen = rasterise(*mesh_of(*(layers[index] for index in order)), (8, 8), NEAR_M)
    assert (seen.face == order.index(0)).all()


def test_of_equals_the_lower_index_is_seen() -> None:
    triangle = flat((-1.3, -1.1), (20.7, -1.9), (-1.2, 20.1))
    vertices, faces = mesh_of(flat((0, 0), (0, 0), (0, 0)), triangle, triangle, triangle)
    assert (rasterise(vertices, faces, (8, 8), NEAR_M).face == 1).all()
    quad = torch.tensor([flat((0, 0), (4, 0), (4, 4), (0, 4))])
    halves = torch.tensor([[0, 1, 2], [0, 2, 3]], dtype=torch.int32)
    for faces in (halves, halves.flip(0)):
        diagonal = rasterise(quad, faces, (5, 5), NEAR_M).face[0].diagonal()
        assert (diagonal == 0).all()


def test_triangles_nearer_than_the_near_plane_are_left_out_whole() -> None:
    corners = [(-1.0, -1.0), (20.0, -1.0), (-1.0, 20.0)]
    crossing = [(-1.0, -1.0, 0.4), (20.0, -1.0, 5.0), (-1.0, 20.0, 5.0)]
    behind, on_it = flat(*corners, depth=-1.0), flat(*corners, depth=0.5)
    vertices, faces = mesh_of(behind, crossing, on_it)
    assert (rasterise(vertices, faces, (4, 4), 0.5).face == 2).all()
    assert (rasterise(vertices, faces, (4, 4), 0.51).face == -1).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 3e38])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_vertices_that_are_no_place_do_no_harm(value: float, axis: int) -> None:
    vertices, faces = mesh_of(flat((0, 0), (6, 0), (0, 6)), flat((0, 0), (6, 0), (0, 6), depth=3.0))
    for corner in range(3):
        broken = vertices.clone()
        broken[0, corner, axis] = value
        seen = rasterise(broken, faces, (4, 4), NEAR_M)
        assert (seen.face >= 0).all()
        assert (seen.barycentric.isfinite()).all()
        assert (seen.face[seen.depth != 3] == 0).all()


def test_back_faces_are_culled_on_request() -> None:
    anticlockwise, clockwise = [(0, 0), (0, 6), (6, 0)], [(0, 0), (6, 0), (0, 6)]
    vertices, faces = mesh_of(flat(*clockwise, depth=1.0), flat(*anticlockwise, depth=2.0))
    assert (rasterise(vertices, faces, (3, 3), NEAR_M).face == 0).all()
    assert (rasterise(vertices, faces, (3, 3), NEAR_M, cull_back_faces=True).face == 1).all()


def test_a_batch_is_its_pictures_in_any_number_of_threads() -> None:
    vertices, faces = random_scene(seed=1, batch=5)
    singles = [rasterise(vertices[i : i + 1], faces, (64, 48), NEAR_M) for i in range(5)]
    stacked = Visibility(*(torch.cat([getattr(s, name) for s in singles]) for name in ("face", "barycentric", "depth")))
    for threads in (1, 2, 8, None):
        assert same_picture(rasterise(vertices, faces, (64, 48), NEAR_M, threads=threads), stacked)
    with ThreadPoolExecutor(4) as pool:  # as loaders call it
        for seen in pool.map(lambda _: rasterise(vertices, faces, (64, 48), NEAR_M, threads=2), range(8)):
            assert same_picture(seen, stacked)


def test_views_of_tensors_are_fine_and_left_as_they_were() -> None:
    vertices, faces = random_scene(seed=2, batch=2)
    wide = torch.cat((vertices, vertices), -1)[..., :3].requires_grad_()
    expected = rasterise(vertices, faces, (64, 48), NEAR_M)
    assert same_picture(rasterise(wide, faces.T.contiguous().T, (64, 48), NEAR_M), expected)


@pytest.mark.parametrize(("batch", "vertices"), [(2, 0), (2, 5), (0, 5)])
def test_nothing_gives_an_empty_picture(batch: int, vertices: int) -> None:
    faces = torch.zeros((0, 3), dtype=torch.int32)
    seen = rasterise(torch.ones(batch, vertices, 3), faces, (4, 3), NEAR_M)
    assert seen.face.shape == seen.depth.shape == (batch, 3, 4)
    assert (seen.face == -1).all()
    assert interpolate(torch.ones(1, vertices, 2), faces, seen).shape == (batch, 3, 4, 2)


VERTICES, FACES = torch.ones(1, 3, 3), torch.tensor([[0, 1, 2]], dtype=torch.int32)


@pytest.mark.parametrize(
    ("vertices", "faces", "size_wh", "near_m", "message"),
    [
        (VERTICES[0], FACES, (4, 4), 1.0, r"vertices_px: expected float32 \(B, V, 3\), got torch.float32 \(3, 3\)"),
        (VERTICES[..., :2], FACES, (4, 4), 1.0, r"vertices_px: .* got torch.float32 \(1, 3, 2\)"),
        (VERTICES.double(), FACES, (4, 4), 1.0, r"vertices_px: .* got torch.float64 \(1, 3, 3\)"),
        (VERTICES, FACES.long(), (4, 4), 1.0, r"faces: expected int32 \(F, 3\), got torch.int64 \(1, 3\)"),
        (VERTICES, FACES[:, :2], (4, 4), 1.0, r"faces: expected int32 \(F, 3\), got torch.int32 \(1, 2\)"),
        (VERTICES, FACES + 1, (4, 4), 1.0, "faces: expected 0 to 2, got 1 to 3"),
        (VERTICES, FACES - 1, (4, 4), 1.0, "faces: expected 0 to 2, got -1 to 1"),
        (VERTICES, FACES.to("meta"), (4, 4), 1.0, "faces: expected on cpu like vertices_px, got meta"),
        (VERTICES.to("meta"), FACES.to("meta"), (4, 4), 1.0, "vertices_px: expected on cpu or cuda, got meta"),
        (VERTICES, FACES, (0, 4), 1.0, r"size_wh: expected .* at least 1, got \(0, 4\)"),
        (VERTICES, FACES, (4, 4), 0.0, "near_m: expected more than 0, got 0.0"),
        (VERTICES, FACES, (4, 4), float("nan"), "near_m: expected more than 0, got nan"),
    ],
)
def test_wrong_arguments_are_refused(
    vertices: Tensor, faces: Tensor, size_wh: tuple[int, int], near_m: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rasterise(vertices, faces, size_wh, near_m)
