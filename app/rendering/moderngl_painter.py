"""Meshes by OpenGL 3.3, offscreen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from app.rendering import shaders
from app.rendering.extent import Extent
from app.rendering.eye import Eye
from app.rendering.gl_context import offscreen_context
from app.rendering.normals import VertexNormals
from app.rendering.palette import Colour
from app.rendering.patch import Mesh, Patch
from app.rendering.scene import Layers

_FINER = 2  # pixels drawn for each one of the picture, both ways; with llvmpipe half the time of four samples a pixel
_SIZE_STEP_PX = 256  # the frame buffer grows in steps, as people come nearer
_FLOATS_A_VERTEX = 6  # position, normal


class ModernglPainter:
    """Keeps `MeshPainter`. Raises an exception of moderngl's when made where there is no OpenGL.

    Only the rectangle that people cover is drawn and read back, since with OpenGL in software every pixel counts.
    """

    name = "moderngl"

    def __init__(self, faces: NDArray[np.integer[Any]]) -> None:
        self._faces = np.ascontiguousarray(faces, np.int32)
        self._normals = VertexNormals(faces)
        self._context = offscreen_context()
        with self._context:
            self._context.front_face = "cw"  # as outsides appear to OpenGL in pictures whose first row is the top one
            self._context.gc_mode = "context_gc"  # what is replaced is freed by `gc()`, in the context's thread
            self._programs = {
                False: self._context.program(shaders.VERTEX, shaders.SURFACE),
                True: self._context.program(shaders.VERTEX, shaders.EDGES, shaders.CORNERS),  # wireframe
            }
            self._people = self._vertex_count = 0
            self._size_wh = (0, 0)

    def paint(self, meshes: Sequence[Mesh], eye: Eye, size_wh: tuple[int, int], layers: Layers) -> Patch | None:
        """See `MeshPainter`."""
        extent = Extent.of(meshes, eye, size_wh)
        if extent is None:
            return None
        width, height = (_FINER * side for side in extent.size_wh)
        with self._context:
            self._make_room(len(meshes), len(meshes[0].vertices_m), (width, height))
            self._upload(meshes)
            self._target.use()
            self._target.viewport = self._target.scissor = (0, 0, width, height)
            self._target.clear()
            self._context.enable_only(self._context.DEPTH_TEST | self._context.CULL_FACE)
            program, array = self._programs[layers.wireframe], self._arrays[layers.wireframe]
            _set(program, "clip_from_camera", extent.clip_from_camera(eye))
            _set(program, "eye_from_camera", eye.rotation)
            if layers.wireframe:
                _set(program, "surface", np.array(float(layers.mesh)))
            for number, mesh in enumerate(meshes):
                _set(program, "albedo", _linear(mesh.colour))
                array.render(vertices=self._faces.size, first=number * self._faces.size)
            fine = np.empty((height, width, 4), np.uint8)
            self._target.read_into(fine, self._target.viewport, components=4)
        rgba = cv2.resize(fine, extent.size_wh, interpolation=cv2.INTER_AREA)  # (h, w, 4)
        return Patch(np.asarray(rgba, np.uint8), extent.corner_px)

    def close(self) -> None:
        self._context.release()

    def _make_room(self, people: int, vertex_count: int, size_wh: tuple[int, int]) -> None:
        """Buffers for so many people, and a target of at least that size."""
        if people > self._people or vertex_count != self._vertex_count:
            self._people, self._vertex_count = people, vertex_count
            everyone = np.arange(people, dtype=np.int32)[:, None, None] * vertex_count + self._faces  # (N, F, 3)
            self._vertices = self._context.buffer(reserve=4 * _FLOATS_A_VERTEX * people * vertex_count, dynamic=True)
            indices = self._context.buffer(everyone.tobytes())
            layout = [(self._vertices, "3f 3f", "position_m", "normal")]
            self._arrays = {
                wireframe: self._context.vertex_array(program, layout, indices)
                for wireframe, program in self._programs.items()
            }
        width, height = (max(wanted, had) for wanted, had in zip(size_wh, self._size_wh, strict=True))
        if (width, height) != self._size_wh:
            self._size_wh = (_stepped(width), _stepped(height))
            colour = self._context.renderbuffer(self._size_wh, 4)
            self._target = self._context.framebuffer([colour], self._context.depth_renderbuffer(self._size_wh))
        self._context.gc()

    def _upload(self, meshes: Sequence[Mesh]) -> None:
        rows = np.empty((len(meshes), self._vertex_count, _FLOATS_A_VERTEX), np.float32)
        for row, mesh in zip(rows, meshes, strict=True):
            row[:, :3] = mesh.vertices_m
            row[:, 3:] = self._normals.of(mesh.vertices_m)
        self._vertices.write(rows)


def _set(program: moderngl.Program, name: str, value: NDArray[np.floating[Any]]) -> None:
    """Give a shader a vector, or a matrix, whose columns GLSL keeps one after the other."""
    uniform = program[name]
    assert isinstance(uniform, moderngl.Uniform)
    uniform.write(np.ascontiguousarray(value.T, np.float32).tobytes())


def _stepped(side_px: int) -> int:
    return _SIZE_STEP_PX * -(-side_px // _SIZE_STEP_PX)


def _linear(colour: Colour) -> NDArray[np.float64]:
    """(3,): a colour, 0 to 255, as light, 0 to 1, by the gamma of `shaders`."""
    return (np.array(colour) / 255) ** 2
