"""The modules of course_utils stand on floors: each imports from below only."""

import ast
import functools

from course_utils.paths import ROOT

FLOORS = 6
GROUND = {"paths", "progress", "tables", "networks", "intervals"}
PACKAGE = ROOT / "course_utils"
# A sub-package is one room: what its files import of each other is its own affair.
FILES = {}
for file in sorted(PACKAGE.rglob("*.py")):
    FILES.setdefault(file.relative_to(PACKAGE).parts[0].removesuffix(".py"), []).append(file)


def imports(files) -> set[str]:
    """Rooms of course_utils that files import, at the top or inside a function."""
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "course_utils":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "course_utils."
            ):
                found.add(node.module.split(".")[1])
            elif isinstance(node, ast.Import):
                names = [alias.name.split(".") for alias in node.names]
                found |= {name[1] for name in names if name[0] == "course_utils" and name[1:]}
    return found


IMPORTS = {room: imports(files) - {room} for room, files in FILES.items()}


@functools.cache
def floor(room: str, above: tuple[str, ...] = ()) -> int:
    assert room not in above, f"a circle: {' → '.join([*above, room])}"
    return 1 + max((floor(below, (*above, room)) for below in IMPORTS[room]), default=0)


def test_no_circle_and_six_floors():
    floors = {room: floor(room) for room in IMPORTS if not room.startswith("__")}
    assert max(floors.values()) <= FLOORS, floors
    assert max(floors, key=floors.get) == "command", floors


def test_the_ground_floor_stands_on_nothing():
    assert {room for room in GROUND if IMPORTS[room]} == set()


def test_what_computes_does_not_draw():
    drawing = {room for room, below in IMPORTS.items() if "plotting" in below}
    assert drawing <= {"runtime", "command"}, "runtime sets the style; everything else is drawn"


def test_what_is_private_to_keras_is_touched_in_one_file():
    private = {"_layers", "_flatten_layers", "_inbound_nodes", "_outbound_nodes", "_operations"}
    private |= {"_nodes", "_trainable_variables", "_loss_tracker", "_compile_loss"}
    for files in FILES.values():
        for file in files:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            used = {
                node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
            } & private
            modules = {
                node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
            }
            used |= {module for module in modules if module.startswith("keras.src")}
            assert not used or file.name == "networks.py", (file, used)
