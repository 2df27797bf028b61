"""Pictures: who is in front, in which colour, in which layers; and what happens without OpenGL."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import InputError
from app.frame import Person
from app.rendering.palette import colour_of
from app.rendering.renderer import RENDERERS, Renderer, open_renderer
from app.rendering.scene import Layers, Scene, View
from tests.app.rendering import scenes

ROOT = Path(__file__).parents[3]
NO_MESH = Layers(mesh=False)


@pytest.fixture(scope="module", params=RENDERERS)
def renderer(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    with open_renderer(request.param, scenes.FACES) as opened:
        assert opened.name == request.param
        yield opened


def pelvis_colour(picture: NDArray[np.uint8], person: Person) -> NDArray[np.float64]:
    """(3,): around the pelvis, of length 1."""
    x, y = scenes.CAMERA.project(person.joints_m[0].astype(np.float64)).round().astype(int)
    colour = picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(0)
    return np.asarray(colour / np.linalg.norm(colour))


def likest(colour: NDArray[np.float64], track_ids: range = range(1, 7)) -> int:
    """The track whose colour it is nearest to."""
    shades = np.array([colour_of(track_id) for track_id in track_ids], float)
    return track_ids[int(np.argmax(shades @ colour / np.linalg.norm(shades, axis=1)))]


def test_the_background_is_the_image_where_nobody_is(renderer: Renderer) -> None:
    image = scenes.image()
    np.testing.assert_array_equal(renderer.draw(Scene(image, (), scenes.CAMERA), scenes.SIZE), image)
    drawn = renderer.draw(Scene(image, (scenes.waving(),), scenes.CAMERA), scenes.SIZE)
    changed = scenes.differing(drawn, image)
    assert 0.05 < changed.mean() < 0.3
    np.testing.assert_array_equal(drawn[:, :60], image[:, :60])
    assert (image == scenes.image()).all()


def test_colours_are_those_of_tracks_and_stay_apart(renderer: Renderer) -> None:
    for track_id in (1, 2, 3, 4, 5, 6):
        person = scenes.person(track_id)
        drawn = renderer.draw(Scene(None, (person,), scenes.CAMERA), scenes.SIZE)
        assert likest(pelvis_colour(drawn, person)) == track_id
    assert colour_of(7) == colour_of(1)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_who_is_nearer_is_in_front_whatever_the_order(renderer: Renderer, order: tuple[int, int]) -> None:
    people = {1: scenes.person(1, (0.0, 0.0, 2.5)), 2: scenes.person(2, (0.05, 0.0, 5.0))}
    drawn = renderer.draw(Scene(None, tuple(people[k] for k in order), scenes.CAMERA), scenes.SIZE)
    assert likest(pelvis_colour(drawn, people[1])) == 1


def test_people_come_and_go(renderer: Renderer) -> None:
    """Buffers that grew for three still draw one, and the same."""
    one = Scene(None, (scenes.waving(1, (-0.6, 0.0, 3.0)),), scenes.CAMERA)
    three = replace(one, people=(*one.people, scenes.waving(2), scenes.waving(3, (0.6, 0.0, 3.5))))
    alone = renderer.draw(one, scenes.SIZE)
    together = renderer.draw(three, scenes.SIZE)
    assert {likest(pelvis_colour(together, person)) for person in three.people} == {1, 2, 3}
    np.testing.assert_array_equal(renderer.draw(one, scenes.SIZE), alone)


def test_outlines_are_smooth(renderer: Renderer) -> None:
    """Along the outline pixels are covered in part, which shows between what is drawn on white and on black."""
    person = scenes.waving()
    white, black = (
        renderer.draw(Scene(np.full((240, 320, 3), shade, np.uint8), (person,), scenes.CAMERA), scenes.SIZE)
        for shade in (255, 0)
    )
    covered = 1 - (white.astype(float) - black).mean(-1) / 255  # (H, W)
    inside = covered > 0.85
    assert covered[inside].max() < 0.95  # the image shows through a little
    in_part = (covered > 0.1) & (covered < 0.8)
    assert 100 < in_part.sum() < 0.3 * inside.sum()


@pytest.mark.parametrize("view", ["side", "top", "orbit"])
def test_the_image_is_not_in_views_from_elsewhere(renderer: Renderer, view: str) -> None:
    scene = Scene(scenes.image(), (scenes.waving(),), scenes.CAMERA, View(view))  # type: ignore[arg-type]
    drawn = renderer.draw(scene, (200, 200))
    np.testing.assert_array_equal(drawn, renderer.draw(replace(scene, background=None), (200, 200)))
    assert 0.01 < (drawn[..., 2] > 150).mean() < 0.4


def test_layers_add_what_they_name(renderer: Renderer) -> None:
    scene = Scene(scenes.image(), (scenes.waving(),), scenes.CAMERA)

    def changed(layers: Layers) -> float:
        picture = renderer.draw(replace(scene, layers=layers), scenes.SIZE)
        return float(scenes.differing(picture, scenes.image()).mean())

    mesh = changed(Layers())
    assert changed(NO_MESH) == 0
    assert 0 < changed(replace(NO_MESH, skeleton=True)) < mesh
    assert 0 < changed(replace(NO_MESH, boxes=True)) < mesh
    assert 0.2 * mesh < changed(replace(NO_MESH, wireframe=True)) < 1.2 * mesh  # lines are a little wider
    assert changed(Layers(skeleton=True, boxes=True)) > mesh


def test_people_outside_of_the_picture_or_behind_are_not_drawn(renderer: Renderer) -> None:
    away = (scenes.person(1, (0.0, 0.0, -3.0)), scenes.person(2, (9.0, 0.0, 3.0)))
    every = Layers(skeleton=True, boxes=False)
    drawn = renderer.draw(Scene(scenes.image(), away, scenes.CAMERA, View(), every), scenes.SIZE)
    np.testing.assert_array_equal(drawn, scenes.image())


def test_a_person_around_the_camera_fills_the_picture(renderer: Renderer) -> None:
    near = scenes.person(1, (0.0, 0.3, 0.12))
    drawn = renderer.draw(Scene(scenes.image(), (near,), scenes.CAMERA), scenes.SIZE)
    assert drawn.shape == scenes.image().shape


def test_vertices_that_are_no_numbers_harm_nobody_else(renderer: Renderer) -> None:
    lost = scenes.waving(2)
    lost = replace(lost, vertices_m=np.full_like(lost.vertices_m, np.nan), joints_m=np.full_like(lost.joints_m, np.nan))
    person = scenes.person(1)
    drawn = renderer.draw(Scene(None, (lost, person), scenes.CAMERA), scenes.SIZE)
    assert likest(pelvis_colour(drawn, person)) == 1


def test_a_renderer_may_be_used_in_another_thread_than_it_was_opened_in(renderer: Renderer) -> None:
    scene = Scene(scenes.image(), (scenes.waving(),), scenes.CAMERA)
    here = renderer.draw(scene, scenes.SIZE)
    there: list[NDArray[np.uint8]] = []
    thread = threading.Thread(target=lambda: there.append(renderer.draw(scene, scenes.SIZE)))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(there[0], here)


def test_closing_one_renderer_leaves_the_others(renderer: Renderer) -> None:
    scene = Scene(scenes.image(), (scenes.waving(),), scenes.CAMERA)
    before = renderer.draw(scene, scenes.SIZE)
    for kind in RENDERERS:
        with open_renderer(kind, scenes.FACES) as other:
            other.draw(scene, scenes.SIZE)
    np.testing.assert_array_equal(renderer.draw(scene, scenes.SIZE), before)


def no_opengl(*_: object, **__: object) -> None:
    raise Exception("libEGL.so.1 not loaded")


@pytest.mark.parametrize("kind", RENDERERS)
def test_without_opengl_a_skeleton_is_drawn_and_one_line_says_why(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(moderngl, "create_context", no_opengl)
    with caplog.at_level(logging.WARNING), open_renderer(kind, scenes.FACES) as renderer:
        assert renderer.name == "opencv"
        scene = Scene(scenes.image(), (scenes.waving(1), scenes.waving(2, (0.5, 0.0, 4.0))), scenes.CAMERA)
        drawn = renderer.draw(scene, scenes.SIZE)
        asked = renderer.draw(replace(scene, layers=Layers(mesh=False, skeleton=True)), scenes.SIZE)
        side = renderer.draw(replace(scene, view=View("side")), scenes.SIZE)
    (line,) = caplog.messages
    assert "no OpenGL" in line
    assert "skeleton" in line
    assert "libEGL.so.1 not loaded" in line
    np.testing.assert_array_equal(drawn, asked)
    assert 0.01 < scenes.differing(drawn, scenes.image()).mean() < 0.1
    assert (side.max(-1) > 130).any()
    for person in scene.people:  # the bone from the neck to the head is on the image, in the person's colour
        x, y = scenes.CAMERA.project(person.joints_m[[12, 15]].astype(np.float64)).mean(0).round().astype(int)
        assert likest(drawn[y, x] / np.linalg.norm(drawn[y, x])) == person.track_id


def test_without_moderngl_itself_a_skeleton_is_drawn() -> None:
    script = (
        "import sys\n"
        "sys.modules['moderngl'] = None\n"
        "import logging; logging.basicConfig(format='%(message)s')\n"
        "from tests.app.rendering import scenes\n"
        "from app.rendering.renderer import open_renderer\n"
        "from app.rendering.scene import Scene\n"
        "with open_renderer('moderngl', scenes.FACES) as renderer:\n"
        "    drawn = renderer.draw(Scene(scenes.image(), (scenes.waving(),), scenes.CAMERA), scenes.SIZE)\n"
        "assert scenes.differing(drawn, scenes.image()).any()\n"
        "print(renderer.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["opencv"]
    (line,) = done.stderr.splitlines()
    assert "no OpenGL" in line
    assert "moderngl" in line


def test_pyrender_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r'pip install "wb-track\[pyrender\]"'):
        open_renderer("pyrender", scenes.FACES)
