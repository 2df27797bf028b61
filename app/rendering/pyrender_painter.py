"""Meshes by pyrender: physically based materials. For stills and overlays, since it takes several times as long."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.pinhole import Array
from app.rendering.extent import Extent
from app.rendering.eye import Eye
from app.rendering.gl_context import offscreen_context
from app.rendering.normals import VertexNormals
from app.rendering.patch import Mesh, Patch
from app.rendering.scene import Layers

_FLIP = np.array((1.0, -1.0, -1.0), np.float32)  # our axes to OpenGL's: y up, looking along -z
_AMBIENT = 0.15
_LIGHTS = (((-0.45, -0.65, -0.75), 3.0), ((0.8, -0.1, -0.4), 0.8))  # where from, in the eye's axes; how strong
_ROUGHNESS = 0.6
_SIZE_STEP_PX = 64  # the frame buffer is made again for each size


class PyrenderPainter:
    """Keeps `MeshPainter`, but shows edges instead of the surface, not on it.

    Raises ImportError without pyrender, and Exception, as moderngl does, where there is no OpenGL. pyrender draws in a
    context made here, since the end of one of its own would end every other one of the process (eglTerminate).
    """

    name = "pyrender"

    def __init__(self, faces: NDArray[np.integer[Any]]) -> None:
        if sys.platform == "linux":
            os.environ.setdefault("PYOPENGL_PLATFORM", "egl")  # read when PyOpenGL is imported
        import pyrender

        self._pyrender = pyrender
        self._faces = np.ascontiguousarray(faces, np.int32)
        self._normals = VertexNormals(faces)
        self._context = offscreen_context()
        with self._context:
            self._renderer = pyrender.Renderer(_SIZE_STEP_PX, _SIZE_STEP_PX)

    def paint(self, meshes: Sequence[Mesh], eye: Eye, size_wh: tuple[int, int], layers: Layers) -> Patch | None:
        """See `MeshPainter`."""
        extent = Extent.of(meshes, eye, size_wh)
        if extent is None:
            return None
        scene = self._pyrender.Scene(bg_color=np.zeros(4), ambient_light=np.full(3, _AMBIENT))
        for mesh in meshes:
            scene.add(self._mesh(mesh, eye))
        for direction, intensity in _LIGHTS:
            scene.add(self._pyrender.DirectionalLight(intensity=intensity), pose=_shining_from(direction))
        scene.add(self._camera(extent, eye))
        flags = self._pyrender.RenderFlags.RGBA | self._pyrender.RenderFlags.OFFSCREEN
        if layers.wireframe:
            flags |= self._pyrender.RenderFlags.ALL_WIREFRAME
        width, height = extent.size_wh
        with self._context:
            self._renderer.viewport_width, self._renderer.viewport_height = _stepped(width), _stepped(height)
            rgba, _ = self._renderer.render(scene, flags)  # (H, W, 4)
        return Patch(np.ascontiguousarray(rgba[:height, :width]), extent.corner_px)

    def close(self) -> None:
        with self._context:
            self._renderer.delete()
        self._context.release()

    def _mesh(self, mesh: Mesh, eye: Eye) -> Any:
        """In the eye's axes, so that the camera stands at the origin."""
        positions = eye.seen(mesh.vertices_m)  # (V, 3)
        normals = self._normals.of(positions)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        material = self._pyrender.MetallicRoughnessMaterial(
            baseColorFactor=(*((np.array(mesh.colour) / 255) ** 2.2), 1.0),
            metallicFactor=0.0,
            roughnessFactor=_ROUGHNESS,
        )
        made = self._pyrender.Mesh(
            [self._pyrender.Primitive(positions * _FLIP, normals * _FLIP, indices=self._faces, material=material)]
        )
        # pyrender 0.1.45 would compute them with `np.infty`, which NumPy 2 does not have.
        made._bounds = made.primitives[0].bounds
        return made

    def _camera(self, extent: Extent, eye: Eye) -> Any:
        """pyrender counts pixels from the corner of the picture, not from the centre of its first one."""
        pinhole, (x, y), (near, far) = eye.pinhole, extent.corner_px, extent.depths_m
        cx, cy = pinhole.cx + 0.5 - x, pinhole.cy + 0.5 - y
        return self._pyrender.IntrinsicsCamera(pinhole.fx, pinhole.fy, cx, cy, znear=near, zfar=far)


def _stepped(side_px: int) -> int:
    return _SIZE_STEP_PX * -(-side_px // _SIZE_STEP_PX)


def _shining_from(direction: tuple[float, float, float]) -> Array:
    """(4, 4): the pose of a light that shines along its own -z."""
    z = np.array(direction) * _FLIP
    z /= np.linalg.norm(z)
    x = np.cross((0.0, 1.0, 0.0), z)
    x /= np.linalg.norm(x)
    pose = np.eye(4)
    pose[:3, :3] = np.stack((x, np.cross(z, x), z), 1)
    return pose
