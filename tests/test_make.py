"""How the scripts that made images and weights hang together; nothing of theirs is run."""

import ast
import importlib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from course_utils.paths import ROOT

MAKE = ROOT / "data" / "make"
# Folder of the scripts for the images: what it may import from.
LAYERS = {
    "blender": {"blender"},
    "stage": {"stage", "blender"},
    "kinds": {"kinds", "stage", "blender"},
}


def modules(folder: Path, base: Path) -> dict[str, Path]:
    """Dotted names, as seen from `base`, and files of a folder's modules."""
    files = (path for path in folder.rglob("*.py") if path.stem != "__init__")
    return {".".join(path.relative_to(base).with_suffix("").parts): path for path in files}


SIDES = {side: modules(MAKE / side, MAKE / side) for side in ("objects", "weights")}
SCRIPTS = [path for files in SIDES.values() for path in files.values()]
COURSE = modules(ROOT / "course_utils", ROOT)


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """Those of the known modules that a file imports, also inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found & set(known)


def course_names(path: Path) -> list[tuple[str, str]]:
    """Module and name of all that a file imports from the course."""
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("course_utils")
        for alias in node.names
    ]


OBJECTS = {name: imports(path, SIDES["objects"]) for name, path in SIDES["objects"].items()}


def test_images_and_weights_share_no_import():
    known = COURSE | SIDES["objects"] | SIDES["weights"]
    used = {
        side: {name for path in files.values() for name in imports(path, known)}
        for side, files in SIDES.items()
    }
    assert used["objects"] and used["weights"]
    assert not used["objects"] & used["weights"]
    assert not used["objects"] & set(SIDES["weights"])
    assert not used["weights"] & set(SIDES["objects"])


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_from_kinds_to_stage_to_blender(layer):
    mine = {name: used for name, used in OBJECTS.items() if name.startswith(f"{layer}.")}
    assert mine
    for name, used in mine.items():
        strangers = {other for other in used if other.split(".")[0] not in LAYERS[layer]}
        assert not strangers, f"{name} imports {strangers}"


def test_imports_go_in_no_circle():
    TopologicalSorter(OBJECTS).prepare()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_script_imports_from_the_course_is_there(path):
    for module, name in course_names(path):
        found = hasattr(importlib.import_module(module), name)
        assert found or f"{module}.{name}" in COURSE, f"{module} has no {name}"


def test_meshes_are_made_in_one_place():
    makers = [
        name
        for name, path in SIDES["objects"].items()
        if any(word in path.read_text(encoding="utf-8") for word in ("from_pydata", "bmesh"))
    ]
    assert makers == ["blender.geometry"]
