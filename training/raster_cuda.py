"""The rasteriser's CUDA half: the same arithmetic as `raster`, a thread a triangle. Not run on hardware yet.

The z-buffer holds one 64-bit key a pixel, 1 / depth turned upside down above the face's index, and shrinks by
atomicMin: the nearest wins, of equals the lower index, whatever the order. A triangle with a large box would keep its
thread busy while others wait, so it is put on a list and a second kernel gives it a block.

The source is compiled at run time by NVRTC, which comes with torch's CUDA wheels; torch's own wrapper of it,
`torch.cuda._compile_kernel`, asks for an installed toolkit and its headers, which are not needed here.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor

THREADS = 128
LARGE_BLOCKS = 1024

SOURCE = r"""
typedef unsigned long long Key;

struct Triangle {
    float ax, ay, bx, by, cx, cy, ia, ib, ic, sign;
    int x0, x1, y0, y1;
};

__device__ bool load(Triangle& t, const float* vertices, const int* corner, double near_m, int cull, int w, int h) {
    const float *a = vertices + 3ll * corner[0], *b = vertices + 3ll * corner[1], *c = vertices + 3ll * corner[2];
    t.ax = a[0], t.ay = a[1], t.bx = b[0], t.by = b[1], t.cx = c[0], t.cy = c[1];
    float left = fminf(fminf(t.ax, t.bx), t.cx), right = fmaxf(fmaxf(t.ax, t.bx), t.cx);
    float top = fminf(fminf(t.ay, t.by), t.cy), bottom = fmaxf(fmaxf(t.ay, t.by), t.cy);
    if (!(right >= 0.f && left <= w - 1 && bottom >= 0.f && top <= h - 1)) return false;
    t.x0 = (int)ceilf(fmaxf(left, 0.f)), t.x1 = (int)floorf(fminf(right, w - 1.f));
    t.y0 = (int)ceilf(fmaxf(top, 0.f)), t.y1 = (int)floorf(fminf(bottom, h - 1.f));
    if (t.x0 > t.x1 || t.y0 > t.y1) return false;
    if (!(a[2] >= near_m && b[2] >= near_m && c[2] >= near_m)) return false;
    double area = ((double)t.bx - t.ax) * ((double)t.cy - t.ay) - ((double)t.by - t.ay) * ((double)t.cx - t.ax);
    if (area == 0.0 || (cull && area > 0.0)) return false;
    t.sign = area > 0.0 ? 1.f : -1.f;
    t.ia = 1.f / a[2], t.ib = 1.f / b[2], t.ic = 1.f / c[2];
    return true;
}

__device__ void cover(const Triangle& t, int x, int y, unsigned face, Key* key) {
    float adx = t.ax - x, bdx = t.bx - x, cdx = t.cx - x;
    float ady = (t.ay - y) * t.sign, bdy = (t.by - y) * t.sign, cdy = (t.cy - y) * t.sign;
    float wa = bdx * cdy - bdy * cdx, wb = cdx * ady - cdy * adx, wc = adx * bdy - ady * bdx;
    if (!(wa >= 0.f && wb >= 0.f && wc >= 0.f)) return;
    float near = (wa * t.ia + wb * t.ib + wc * t.ic) / (wa + wb + wc);
    if (near > 0.f) atomicMin(key, (Key)(~__float_as_uint(near)) << 32 | face);
}

// A thread an item: triangle `item % faces` of picture `item / faces`. Large ones are only listed.
extern "C" __global__ void cover_small(const float* vertices, const int* corners, Key* keys, int* listed, int* list,
                                       int batch, int count, int faces, int w, int h, double near_m, int cull) {
    long long item = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (item >= (long long)batch * faces) return;
    long long picture = item / faces;
    unsigned face = (unsigned)(item - picture * faces);
    Triangle t;
    if (!load(t, vertices + picture * count * 3, corners + 3ll * face, near_m, cull, w, h)) return;
    if ((long long)(t.x1 - t.x0 + 1) * (t.y1 - t.y0 + 1) > 64) {
        list[atomicAdd(listed, 1)] = (int)item;
        return;
    }
    for (int y = t.y0; y <= t.y1; y++)
        for (int x = t.x0; x <= t.x1; x++) cover(t, x, y, face, keys + (picture * h + y) * w + x);
}

// A block a listed triangle, its threads taking turns at the pixels of its box.
extern "C" __global__ void cover_large(const float* vertices, const int* corners, Key* keys, const int* listed,
                                       const int* list, int count, int faces, int w, int h, double near_m, int cull) {
    for (int i = blockIdx.x; i < *listed; i += gridDim.x) {
        long long picture = list[i] / faces;
        unsigned face = (unsigned)(list[i] - picture * faces);
        Triangle t;
        if (!load(t, vertices + picture * count * 3, corners + 3ll * face, near_m, cull, w, h)) continue;
        int columns = t.x1 - t.x0 + 1, pixels = columns * (t.y1 - t.y0 + 1);
        for (int p = threadIdx.x; p < pixels; p += blockDim.x) {
            int x = t.x0 + p % columns, y = t.y0 + p / columns;
            cover(t, x, y, face, keys + (picture * h + y) * w + x);
        }
    }
}

// A thread a pixel.
extern "C" __global__ void resolve(const float* vertices, const int* corners, const Key* keys, int* face,
                                   float* barycentric, float* depth, int batch, int count, int w, int h) {
    long long pixel = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= (long long)batch * w * h) return;
    float* weights = barycentric + 3 * pixel;
    int index = (int)(unsigned)keys[pixel];
    face[pixel] = index;
    if (index < 0) {
        weights[0] = weights[1] = weights[2] = 0.f;
        depth[pixel] = 1.f / 0.f;
        return;
    }
    const float* first = vertices + pixel / ((long long)w * h) * count * 3;
    const int* corner = corners + 3ll * index;
    const float *a = first + 3ll * corner[0], *b = first + 3ll * corner[1], *c = first + 3ll * corner[2];
    double x = (double)(pixel % w), y = (double)(pixel / w % h);
    double adx = a[0] - x, bdx = b[0] - x, cdx = c[0] - x, ady = a[1] - y, bdy = b[1] - y, cdy = c[1] - y;
    double wa = fabs(bdx * cdy - bdy * cdx), wb = fabs(cdx * ady - cdy * adx), wc = fabs(adx * bdy - ady * bdx);
    double ia = wa / a[2], ib = wb / b[2], ic = wc / c[2], total = ia + ib + ic;
    weights[0] = (float)(ia / total), weights[1] = (float)(ib / total), weights[2] = (float)(ic / total);
    depth[pixel] = (float)((wa + wb + wc) / total);
}
"""


def rasterise(
    vertices_px: Tensor, faces: Tensor, size_wh: tuple[int, int], near_m: float, cull: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The fields of a `raster.Visibility`, from contiguous tensors on one CUDA device, without waiting for it."""
    (width, height), device = size_wh, vertices_px.device
    batch, count, _ = vertices_px.shape
    items = batch * len(faces)
    keys = torch.full((batch, height, width), -1, dtype=torch.int64, device=device)  # unsigned, the largest
    face = torch.empty((batch, height, width), dtype=torch.int32, device=device)
    barycentric = torch.empty((batch, height, width, 3), device=device)
    depth = torch.empty((batch, height, width), device=device)
    with torch.cuda.device(device):
        kernels = _kernels(torch.cuda.current_device())
        if items:
            in_range = (faces.min() >= 0) & (faces.max() < count)
            torch._assert_async(in_range, f"faces: expected 0 to {count - 1}")
            listed = torch.zeros(1, dtype=torch.int32, device=device)
            large = torch.empty(items, dtype=torch.int32, device=device)
            shape = [count, len(faces), width, height, float(near_m), int(cull)]
            mesh = [vertices_px, faces, keys, listed, large]
            kernels["cover_small"]((-(-items // THREADS), 1, 1), (THREADS, 1, 1), [*mesh, batch, *shape])
            kernels["cover_large"]((LARGE_BLOCKS, 1, 1), (THREADS, 1, 1), [*mesh, *shape])
        if keys.numel():
            pixels = [vertices_px, faces, keys, face, barycentric, depth, batch, count, width, height]
            kernels["resolve"]((-(-keys.numel() // THREADS), 1, 1), (THREADS, 1, 1), pixels)
    return face, barycentric, depth


@cache
def _kernels(device: int) -> dict[str, Any]:
    from torch.cuda._utils import _cuda_load_module, _get_nvrtc_library

    major, minor = torch.cuda.get_device_capability(device)
    binary = compiled(_get_nvrtc_library(), f"sm_{major}{minor}")
    return cast(dict[str, Any], _cuda_load_module(binary, ["cover_small", "cover_large", "resolve"]))


def compiled(nvrtc: ctypes.CDLL, architecture: str) -> bytes:
    """The kernels as machine code. Products are not fused with sums, so that a GPU draws what a CPU draws."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    options = [f"--gpu-architecture={architecture}".encode(), b"--fmad=false"]
    made = nvrtc.nvrtcCreateProgram(ctypes.byref(program), SOURCE.encode(), b"raster.cu", 0, None, None)
    if made != 0:
        raise RuntimeError(f"NVRTC could not create a program: error {made}")
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    if failed != 0:
        raise RuntimeError(f"NVRTC could not compile the rasteriser for {architecture}:\n{log.value.decode()}")
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    binary = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetCUBIN(program, binary)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return binary.raw
