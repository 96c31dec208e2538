"""The house: arrows point one way, and a start loads no more than it needs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "vae_explorer"

# Who may import whom: a room may import those on the lines below its own, not above.
LAYERS = (
    ("ui", "evaluate"),
    ("live", "training"),
    ("figures", "film"),
    ("analysis",),
    ("checkpoint",),
    ("vae",),
    ("data",),
)
# To be turned round, or taken apart.
WITHIN = {("checkpoint", "film"), ("film", "figures")}


def _imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, the lazy ones too, but not for typing alone."""
    for node in ast.walk(_without_typing_imports(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from vae_explorer import x` imports the module x where there is one.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _without_typing_imports(tree: ast.Module) -> ast.Module:
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return tree


def _layer(module: str) -> int:
    return next(k for k, names in enumerate(LAYERS) if module in names)


def test_every_module_has_its_place() -> None:
    found = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    found |= {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert found == {name for names in LAYERS for name in names}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_arrows_point_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] != "vae_explorer" or own == "__init__" or parts[1] == own:
            continue
        down = _layer(own) < _layer(parts[1])
        assert down or (own, parts[1]) in WITHIN, f"{own} imports {parts[1]}"


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if "ui" not in path.parts]
    + [ROOT / "train.py"],
    ids=lambda p: p.stem,
)
def test_streamlit_is_imported_by_the_pages_alone(path: Path) -> None:
    assert not any(name.split(".")[0] == "streamlit" for name in _imports(path))


def test_only_the_loaders_cache() -> None:
    for path in (PACKAGE / "ui").rglob("*.py"):
        if path.name != "loaders.py":
            assert "st.cache_" not in path.read_text(encoding="utf-8"), path


def test_pages_can_be_taken_in_at_once() -> None:
    for path in (PACKAGE / "ui" / "page").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 80, path


def test_the_visible_top_level_is_what_it_should_be() -> None:
    allowed = {"app.py", "train.py", "vae_explorer", "checkpoints", "tests"}
    allowed |= {"requirements.txt", "README.md", "LICENSE"}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {Path(file).parts[0] for file in tracked if not file.startswith(".")} <= allowed


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import vae_explorer", "torch"),
        (
            "import vae_explorer.ui.view, vae_explorer.figures.curves, vae_explorer.ui.tables",
            "torch",
        ),
        ("import vae_explorer.ui.checkpoints", "torch plotly.express"),
        ("import app", "torch"),
        ("import vae_explorer.live.plan", "torch streamlit"),
        ("import train", "torchvision umap sklearn streamlit"),
    ],
)
def test_a_start_does_not_wait_for_what_it_does_not_need(code: str, absent: str) -> None:
    heavy = f"{absent} torchvision umap openTSNE sklearn".split()
    script = f"import sys, logging; logging.disable()\n{code}\n"
    script += f"print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip().splitlines()[-1] == "[]"
