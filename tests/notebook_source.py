"""Take definitions out of a lesson, so that tests check the code students read."""

import ast
from pathlib import Path
from types import SimpleNamespace

from course_utils import paths


def definitions(lesson: str) -> SimpleNamespace:
    """Imports, functions, classes and literal constants of a lesson; nothing else is run.

    Parameters
    ----------
    lesson : str
        The notebook's name without its ending, e.g. ``"01_lenet"``.

    Returns
    -------
    SimpleNamespace
        ``definitions("02_alexnet").alexnet()`` builds the lesson's AlexNet.
    """
    path: Path = paths.notebooks_dir() / "source" / f"{lesson}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    kept = [node for node in tree.body if _is_definition(node)]
    namespace: dict = {"__name__": lesson}
    exec(compile(ast.Module(kept, type_ignores=[]), str(path), "exec"), namespace)
    return SimpleNamespace(**namespace)


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        # Also those of "A, B = 1, 2"; no part of an array, no attribute.
        parts = [part for target in node.targets for part in getattr(target, "elts", [target])]
        names = [getattr(part, "id", "") for part in parts]
        return all(name.isupper() for name in names) and _is_literal(node.value)
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True
