"""The CUDA source of the rasteriser: compiled as C++, and on a GPU."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.training.triangles import NEAR_M, random_scene, same_picture
from training import raster_cuda
from training.raster import Visibility, interpolate, rasterise

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

    vertices, faces = random_scene(seed, batch=2, count=60)
    faces = torch.cat((faces, faces[10:20], faces[:, [1, 0, 2]]))  # equals, and back faces
    vertices[0, 7] = float("nan")
    seen = raster_cuda.rasterise(vertices, faces, (64, 48), NEAR_M, cull)
    assert same_picture(Visibility(*seen), rasterise(vertices, faces, (64, 48), NEAR_M, cull_back_faces=cull))
    assert (raster_cuda.rasterise(vertices, faces[:0], (64, 48), NEAR_M, cull)[0] == -1).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("cull", [False, True])
def test_a_gpu_draws_the_same(cull: bool) -> None:
    vertices, faces = random_scene(seed=5, batch=3, count=500)
    expected = rasterise(vertices, faces, (64, 48), NEAR_M, cull_back_faces=cull)
    seen = rasterise(vertices.cuda(), faces.cuda(), (64, 48), NEAR_M, cull_back_faces=cull)
    assert torch.equal(seen.face.cpu(), expected.face)
    torch.testing.assert_close(seen.barycentric.cpu(), expected.barycentric)
    torch.testing.assert_close(seen.depth.cpu(), expected.depth)
    values = torch.randn(1, vertices.shape[1], 4)
    torch.testing.assert_close(
        interpolate(values.cuda(), faces.cuda(), seen).cpu(), interpolate(values, faces, expected)
    )
