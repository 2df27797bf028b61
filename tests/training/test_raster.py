"""The rasteriser against rays cast in float64, its rules on borders, and its CUDA source compiled as C++."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from training import raster_cuda
from training.raster import Visibility, interpolate, rasterise

NEAR_M = 0.1


def _mesh(*triangles: list[tuple[float, float, float]]) -> tuple[Tensor, Tensor]:
    """Triangles that share no vertices: (1, 3 F, 3), (F, 3)."""
    vertices = torch.tensor(triangles, dtype=torch.float32).view(1, -1, 3)
    return vertices, torch.arange(3 * len(triangles), dtype=torch.int32).view(-1, 3)


def _flat(*corners: tuple[float, float], depth: float = 2.0) -> list[tuple[float, float, float]]:
    return [(x, y, depth) for x, y in corners]


def _random_scene(seed: int, batch: int = 1, count: int = 40, size: float = 30.0) -> tuple[Tensor, Tensor]:
    """Triangles of all sizes that cross each other and the picture's border, some of them nearer than NEAR_M."""
    random = torch.Generator().manual_seed(seed)
    random_centre = torch.rand((batch, count, 1, 3), generator=random)
    centre = random_centre * torch.tensor([70.0, 50.0, 4.0]) - torch.tensor([3.0, 1.0, 0.5])
    corners = torch.randn((batch, count, 3, 3), generator=random) * torch.tensor([size, size, 0.8])
    scale = torch.rand((batch, count, 1, 1), generator=random) ** 2
    vertices = (centre + corners * scale).reshape(batch, -1, 3)
    return vertices, torch.arange(3 * count, dtype=torch.int32).view(-1, 3)


def _same(one: Visibility, other: Visibility) -> bool:
    return (
        torch.equal(one.face, other.face)
        and torch.equal(one.barycentric, other.barycentric)
        and torch.equal(one.depth, other.depth)
    )


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
    vertices, faces = _mesh(_flat(*corners))
    seen = rasterise(vertices, faces, (6, 5), NEAR_M)
    assert {(x, y) for y, x in (seen.face[0] == 0).nonzero().tolist()} == expected
    nothing = seen.face == -1
    assert torch.equal(torch.isinf(seen.depth), nothing)
    assert torch.equal((seen.barycentric == 0).all(-1), nothing)


def test_corners_and_edges_have_their_weights() -> None:
    vertices, faces = _mesh([(0, 0, 1), (4, 0, 1), (0, 4, 3)])
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
    vertices, faces = _random_scene(seed)
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
    layers = [_flat(*corners, depth=2.0), _flat(*corners, depth=2.0001)]
    seen = rasterise(*_mesh(*(layers[index] for index in order)), (8, 8), NEAR_M)
    assert (seen.face == order.index(0)).all()


def test_of_equals_the_lower_index_is_seen() -> None:
    triangle = _flat((-1.3, -1.1), (20.7, -1.9), (-1.2, 20.1))
    vertices, faces = _mesh(_flat((0, 0), (0, 0), (0, 0)), triangle, triangle, triangle)
    assert (rasterise(vertices, faces, (8, 8), NEAR_M).face == 1).all()
    quad = torch.tensor([_flat((0, 0), (4, 0), (4, 4), (0, 4))])
    halves = torch.tensor([[0, 1, 2], [0, 2, 3]], dtype=torch.int32)
    for faces in (halves, halves.flip(0)):
        diagonal = rasterise(quad, faces, (5, 5), NEAR_M).face[0].diagonal()
        assert (diagonal == 0).all()


def test_triangles_nearer_than_the_near_plane_are_left_out_whole() -> None:
    corners = [(-1.0, -1.0), (20.0, -1.0), (-1.0, 20.0)]
    crossing = [(-1.0, -1.0, 0.4), (20.0, -1.0, 5.0), (-1.0, 20.0, 5.0)]
    behind, on_it = _flat(*corners, depth=-1.0), _flat(*corners, depth=0.5)
    vertices, faces = _mesh(behind, crossing, on_it)
    assert (rasterise(vertices, faces, (4, 4), 0.5).face == 2).all()
    assert (rasterise(vertices, faces, (4, 4), 0.51).face == -1).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 3e38])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_vertices_that_are_no_place_do_no_harm(value: float, axis: int) -> None:
    vertices, faces = _mesh(_flat((0, 0), (6, 0), (0, 6)), _flat((0, 0), (6, 0), (0, 6), depth=3.0))
    for corner in range(3):
        broken = vertices.clone()
        broken[0, corner, axis] = value
        seen = rasterise(broken, faces, (4, 4), NEAR_M)
        assert (seen.face >= 0).all()
        assert (seen.barycentric.isfinite()).all()
        assert (seen.face[seen.depth != 3] == 0).all()


def test_back_faces_are_culled_on_request() -> None:
    anticlockwise, clockwise = [(0, 0), (0, 6), (6, 0)], [(0, 0), (6, 0), (0, 6)]
    vertices, faces = _mesh(_flat(*clockwise, depth=1.0), _flat(*anticlockwise, depth=2.0))
    assert (rasterise(vertices, faces, (3, 3), NEAR_M).face == 0).all()
    assert (rasterise(vertices, faces, (3, 3), NEAR_M, cull_back_faces=True).face == 1).all()


def test_a_batch_is_its_pictures_in_any_number_of_threads() -> None:
    vertices, faces = _random_scene(seed=1, batch=5)
    singles = [rasterise(vertices[i : i + 1], faces, (64, 48), NEAR_M) for i in range(5)]
    stacked = Visibility(*(torch.cat([getattr(s, name) for s in singles]) for name in ("face", "barycentric", "depth")))
    for threads in (1, 2, 8, None):
        assert _same(rasterise(vertices, faces, (64, 48), NEAR_M, threads=threads), stacked)
    with ThreadPoolExecutor(4) as pool:  # as loaders call it
        for seen in pool.map(lambda _: rasterise(vertices, faces, (64, 48), NEAR_M, threads=2), range(8)):
            assert _same(seen, stacked)


def test_views_of_tensors_are_fine_and_left_as_they_were() -> None:
    vertices, faces = _random_scene(seed=2, batch=2)
    wide = torch.cat((vertices, vertices), -1)[..., :3].requires_grad_()
    expected = rasterise(vertices, faces, (64, 48), NEAR_M)
    assert _same(rasterise(wide, faces.T.contiguous().T, (64, 48), NEAR_M), expected)


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


def test_interpolate_shares_values_and_passes_gradients() -> None:
    vertices, faces = _random_scene(seed=3, batch=3)
    seen = rasterise(vertices, faces, (64, 48), NEAR_M)
    values = torch.randn(3, vertices.shape[1], 4, requires_grad=True)
    image = interpolate(values, faces, seen)
    assert (image[seen.face < 0] == 0).all()
    b, y, x = 2, *(seen.face[2] >= 0).nonzero()[100].tolist()
    corners = faces[seen.face[b, y, x]].long()
    torch.testing.assert_close(image[b, y, x], seen.barycentric[b, y, x] @ values[b, corners])
    shared = interpolate(values[1:2], faces, seen)
    torch.testing.assert_close(shared[1], image[1])
    torch.testing.assert_close(shared, interpolate(values[1:2].expand(3, -1, -1), faces, seen))
    image.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    torch.testing.assert_close(values.grad[..., 0].sum(1), (seen.face >= 0).sum((1, 2)).float())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.ones(2, 3, 1), r"values: expected floats \(1 or 3, V, C\), got torch.float32 \(2, 3, 1\)"),
        (torch.ones(3, 3), r"values: .* got torch.float32 \(3, 3\)"),
        (torch.ones(1, 3, 1, dtype=torch.uint8), r"values: .* got torch.uint8 \(1, 3, 1\)"),
    ],
)
def test_interpolate_refuses_wrong_values(values: Tensor, message: str) -> None:
    seen = rasterise(torch.ones(3, 3, 3), FACES, (4, 4), NEAR_M)
    with pytest.raises(ValueError, match=message):
        interpolate(values, FACES, seen)


# What CUDA C needs to be C++, and launches that take arguments as cuLaunchKernel does and run one thread after another.
SHIM = r"""
#include <cmath>
#include <cstring>
#include <utility>
#define __global__
#define __device__
static struct { unsigned x; } blockIdx, blockDim, gridDim, threadIdx;
static unsigned __float_as_uint(float f) { unsigned u; std::memcpy(&u, &f, 4); return u; }
static void atomicMin(unsigned long long* to, unsigned long long value) { if (value < *to) *to = value; }
static int atomicAdd(int* to, int value) { int old = *to; *to += value; return old; }
#line 1 "raster.cu"
%s
extern "C" { int backwards = 0; }
template <class... A, size_t... I>
static void launch(void (*kernel)(A...), unsigned blocks, unsigned threads, void** args, std::index_sequence<I...>) {
    gridDim.x = blocks, blockDim.x = threads;
    for (unsigned i = 0, n = blocks * threads; i < n; i++) {
        unsigned at = backwards ? n - 1 - i : i;
        blockIdx.x = at / threads, threadIdx.x = at %% threads;
        kernel(*(A*)args[I]...);
    }
}
template <class... A> static void launch(void (*kernel)(A...), unsigned blocks, unsigned threads, void** args) {
    launch(kernel, blocks, threads, args, std::index_sequence_for<A...>());
}
#define EXPORT(name) \
    extern "C" void launch_##name(unsigned b, unsigned t, void** args) { launch(name, b, t, args); }
EXPORT(cover_small)
EXPORT(cover_large)
EXPORT(resolve)
"""


class _Kernel:
    """One of the library's kernels, called as torch calls a kernel on a GPU."""

    def __init__(self, library: ctypes.CDLL, name: str) -> None:
        self._launch = getattr(library, f"launch_{name}")

    def __call__(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], args: list[Tensor | int | float]
    ) -> None:
        values: list[ctypes.c_void_p | ctypes.c_int | ctypes.c_double] = []
        for arg in args:
            if isinstance(arg, Tensor):
                values.append(ctypes.c_void_p(arg.data_ptr()))
            else:
                values.append(ctypes.c_int(arg) if isinstance(arg, int) else ctypes.c_double(arg))
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
        self._launch(grid[0], block[0], pointers)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    folder: Path = tmp_path_factory.mktemp("raster")
    (folder / "raster.cpp").write_text(SHIM % raster_cuda.SOURCE)
    options = ["-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, "raster.cpp", "-o", "raster.so"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "raster.so"))


@pytest.mark.parametrize("backwards", [0, 1])
@pytest.mark.parametrize("cull", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_cuda_source_draws_the_same(
    library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch, seed: int, cull: bool, backwards: int
) -> None:
    kernels = {name: _Kernel(library, name) for name in ("cover_small", "cover_large", "resolve")}
    monkeypatch.setattr(raster_cuda, "_kernels", lambda _: kernels)
    monkeypatch.setattr(raster_cuda, "LARGE_BLOCKS", 3)
    monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    ctypes.c_int.in_dll(library, "backwards").value = backwards

    vertices, faces = _random_scene(seed, batch=2, count=60)
    faces = torch.cat((faces, faces[10:20], faces[:, [1, 0, 2]]))  # equals, and back faces
    vertices[0, 7] = float("nan")
    seen = raster_cuda.rasterise(vertices, faces, (64, 48), NEAR_M, cull)
    assert _same(Visibility(*seen), rasterise(vertices, faces, (64, 48), NEAR_M, cull_back_faces=cull))
    assert (raster_cuda.rasterise(vertices, faces[:0], (64, 48), NEAR_M, cull)[0] == -1).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("cull", [False, True])
def test_a_gpu_draws_the_same(cull: bool) -> None:
    vertices, faces = _random_scene(seed=5, batch=3, count=500)
    expected = rasterise(vertices, faces, (64, 48), NEAR_M, cull_back_faces=cull)
    seen = rasterise(vertices.cuda(), faces.cuda(), (64, 48), NEAR_M, cull_back_faces=cull)
    assert torch.equal(seen.face.cpu(), expected.face)
    torch.testing.assert_close(seen.barycentric.cpu(), expected.barycentric)
    torch.testing.assert_close(seen.depth.cpu(), expected.depth)
    values = torch.randn(1, vertices.shape[1], 4)
    torch.testing.assert_close(
        interpolate(values.cuda(), faces.cuda(), seen).cpu(), interpolate(values, faces, expected)
    )
