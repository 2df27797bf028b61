"""Who may import whom (CONTRIBUTING.md), and that tracking needs no PyTorch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests import standins

ROOT = Path(__file__).parents[2]
OURS = {"app", "engines", "models", "exporter", "training", "benchmarks", "tests"}
MAY_IMPORT = {
    "engines": set[str](),
    "models": set[str](),
    "app": {"engines", "models"},
    "exporter": {"engines", "models"},
    "training": {"app", "engines", "models", "exporter"},
    "benchmarks": {"app", "engines", "models", "exporter", "training", "tests"},
}


def imports(path: Path) -> set[str]:
    """Every module named in an import statement of a file, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_they_may(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    for path in (ROOT / package).rglob("*.py"):
        foreign = {name for name in imports(path) if name.split(".")[0] in OURS - allowed}
        assert not foreign, f"{path} imports {foreign}"


def test_of_the_tests_benchmarks_use_the_camera_only() -> None:
    for path in (ROOT / "benchmarks").rglob("*.py"):
        used = {name for name in imports(path) if name.split(".")[0] == "tests"}
        assert all(name.startswith("tests.camera_server") for name in used), f"{path} imports {used}"


@pytest.mark.parametrize("package", ["app", "engines"])
def test_tracking_never_imports_pytorch(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        wrong = {name for name in imports(path) if name.split(".")[0] == "torch" or name.startswith("models.networks")}
        assert not wrong, f"{path} imports {wrong}"


_NOTHING_HEAVY = (
    "heavy = {'torch', 'onnx', 'PySide6', 'OpenGL', 'moderngl', 'pyrender', 'trimesh', 'matplotlib'}\n"
    "loaded = heavy & set(sys.modules)\n"
    "sys.exit(f'imports {loaded}' if loaded else 0)"
)


def test_loading_the_program_loads_no_pytorch_window_or_opengl() -> None:
    script = f"import sys, app.main, app.tracker\n{_NOTHING_HEAVY}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_tracking_to_an_npz_loads_no_window_or_opengl(tiny_bundle: Path, body_path: Path, tmp_path: Path) -> None:
    """To the end, so that nothing is loaded on the way either."""
    arguments = [
        *("--video", str(standins.DATA / "frame.png"), "--box", "60,5,250,350", "--out", str(tmp_path / "mesh.npz")),
        *("--model", str(tiny_bundle), "--body", str(body_path), "-q"),
    ]
    script = f"import sys\nfrom app.main import main\nassert main({arguments!r}) == 0\n{_NOTHING_HEAVY}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mesh.npz").is_file()


def test_exporting_without_pytorch_names_the_extra_in_one_line() -> None:
    script = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
        "from exporter.main import main\n"
        "sys.exit(main(['checkpoint.pth.tar']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = (done.stdout + done.stderr).splitlines()
    assert "torch not installed" in line
    assert "[export]" in line
