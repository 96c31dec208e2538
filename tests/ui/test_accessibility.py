"""No page has a serious or critical fault that axe-core finds, light or dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page
from served_app import ready

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "explore": "?checkpoint=mnist-20d&digit=18&path=3;4;5&hide=2",
    "explore, a lattice": "?checkpoint=mnist-2d&tool=manifold",
    "compare": "compare?compare=mnist-2d/mnist-20d",
    "film": "film?checkpoint=mnist-2d",
    "projections": "projections?checkpoint=mnist-20d",
    "samples": "samples?checkpoint=mnist-20d",
    "model": "model?checkpoint=mnist-20d",
    "explore, Export": "?checkpoint=mnist-2d",
    "present": "present",
    "present, a scene": "present?scene=2",
}
# Each fault once: the rule, what it asks for, and the first elements that break it.
FAULTS = """async () => (await axe.run({resultTypes: ["violations"]})).violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .map(({id, help, nodes}) => [id, help, ...nodes.slice(0, 4).map(({html}) => html)].join("\\n"))
"""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_serious_fault(page: Page, address: str, name: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install --prefix tests/js")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        if theme == "light":
            page.goto(f"{address}/{PAGES[name]}")
        ready(page)
        page.wait_for_function(
            """dark => {
                const app = getComputedStyle(document.querySelector('[data-testid=stApp]'));
                return parseInt(app.backgroundColor.slice(4)) < 128 === dark;
            }""",
            arg=theme == "dark",
        )
        if theme == "light":
            # Not as a script of the page, whose policy would refuse it.
            page.evaluate(AXE.read_text(encoding="utf-8"))
            if name.endswith("Export"):
                page.get_by_role("button", name="Export ▾").click()
        faults = page.evaluate(FAULTS)
        assert not faults, f"{name}, {theme}:\n" + "\n".join(faults)
