"""The house: arrows point one way, and a start loads no more than it needs."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "vae_explorer").rglob("*.py")
}
# A room imports from those on the lines below its own, and from itself.
FLOORS = (
    ("ui", "evaluate", "render"),
    ("export",),
    ("live", "figures", "training"),
    ("film", "scenes"),
    ("analysis",),
    ("checkpoint",),
    ("vae",),
    ("data",),
    ("files",),
)
HEAVY = ["torchvision", "umap", "openTSNE", "sklearn", "numba"]


def _imports(path: Path) -> set[str]:
    """Return what a file imports, lazily too, but not for typing alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if "if TYPE_CHECKING" not in ast.unparse(node)]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in FILES else node.module for name in names}
    return found


def test_the_house() -> None:
    imports = {module: _imports(path) for module, path in FILES.items()}
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    rooms = {module: module.split(".")[1] for module in FILES if "." in module}
    assert set(rooms.values()) == set(floor)
    up = [
        f"{module} imports {name}"
        for module, room in rooms.items()
        for name in imports[module]
        if name in rooms and room != rooms[name] and floor[room] >= floor[rooms[name]]
    ]
    assert up == []
    # No circle between two files either: this raises where there is one.
    TopologicalSorter({name: found & FILES.keys() for name, found in imports.items()}).prepare()
    for name, found in imports.items():
        outside = {imported.split(".")[0] for imported in found}
        assert not outside & {"plotly", "matplotlib"} or rooms[name] == "figures", name
        cached = "st.cache_" in FILES[name].read_text(encoding="utf-8")
        assert not cached or name == "vae_explorer.ui.loaders", name


def test_the_visible_top_level_is_what_it_should_be() -> None:
    allowed = {"app.py", "train.py", "vae_explorer", "checkpoints", "tests"}
    allowed |= {"requirements.txt", "README.md", "LICENSE"}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {Path(file).parts[0] for file in tracked if not file.startswith(".")} <= allowed


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (
            [name for name in FILES if name.split(".")[1:2] in (["analysis"], ["checkpoint"])]
            + [name for name in FILES if name.startswith("vae_explorer.figures")]
            + ["vae_explorer.live.blobs", "vae_explorer.film.film"],
            ["torch", "streamlit"],
        ),
        (["app", "vae_explorer.ui.view", "vae_explorer.ui.tables"], ["torch", "plotly.express"]),
        (["train"], ["streamlit"]),
    ],
    ids=["readers", "app", "train"],
)
def test_a_start_does_not_wait_for_what_it_does_not_need(
    modules: list[str], absent: list[str]
) -> None:
    script = f"import sys, logging; logging.disable()\nimport {', '.join(modules)}\n"
    script += f"print([name for name in {HEAVY + absent} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip().splitlines()[-1] == "[]"
