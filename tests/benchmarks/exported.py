"""How fast an exported file starts: `python tests/benchmarks/exported.py [--repeats N]`.

Prints the milliseconds from opening a page to its first decoded picture, for files that
`vae_explorer.export` writes and, in turn with them, for a static page of the kind that demos are
served as: the decoder's weights in float32, fetched from a server on this machine, plain
JavaScript, one handle and one canvas.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright
from safetensors.numpy import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from served_app import ROOT, open_browser

from vae_explorer import export

TWO, TWENTY = SHIPPED = [str(ROOT / "checkpoints" / name) for name in ("mnist-2d", "mnist-20d")]
FILES = {
    "both, with encoders": SHIPPED,
    "both, without": [*SHIPPED, "--no-encoder"],
    "2-D alone, with": [TWO],
    "2-D alone, without": [TWO, "--no-encoder"],
}

# When the first picture was shown: at the frame after its canvas says what it shows.
WATCH = """window.shown = new Promise((resolve) =>
    new MutationObserver((_, watching) => {
        if (!document.querySelector('[data-testid=decoded][data-z]')) return;
        watching.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
    }).observe(document, {subtree: true, childList: true, attributeFilter: ['data-z']}))"""

STATIC = """<!DOCTYPE html>
<meta charset="utf-8">
<title>VAE</title>
<style>#pad { width: 400px; height: 400px; background: #eee; position: relative }
#handle { width: 12px; height: 12px; border-radius: 6px; background: #d33; position: absolute }
canvas { width: 280px; image-rendering: pixelated }</style>
<div id="pad"><div id="handle"></div></div>
<canvas width="28" height="28" data-testid="decoded"></canvas>
<script>
const canvas = document.querySelector("canvas"), context = canvas.getContext("2d");
const pad = document.getElementById("pad"), handle = document.getElementById("handle");
const erf = (x) => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t
    + 0.254829592) * t * Math.exp(-x * x);
  return Math.sign(x) * (1 - tail);
};
const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
let layers;
function decode(z) {
  let x = Float32Array.from(z);
  layers.forEach(({ rows, columns, weight, bias }, k) => {
    const y = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = bias[row];
      for (let n = 0; n < columns; n++) sum += weight[row * columns + n] * x[n];
      y[row] = k < layers.length - 1 ? gelu(sum) : 1 / (1 + Math.exp(-sum));
    }
    x = y;
  });
  return x;
}
function show(z) {
  const image = context.createImageData(28, 28);
  decode(z).forEach((value, k) => {
    image.data.fill(255 * value, 4 * k, 4 * k + 3);
    image.data[4 * k + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  handle.style.left = `${200 + 60 * z[0]}px`;
  handle.style.top = `${200 - 60 * z[1]}px`;
  canvas.dataset.z = JSON.stringify(z);
}
pad.onpointermove = (event) => {
  if (event.buttons) show([(event.offsetX - 200) / 60, (200 - event.offsetY) / 60]);
};
(async () => {
  const shapes = await (await fetch("shapes.json")).json();
  const weights = await (await fetch("weights.bin")).arrayBuffer();
  let offset = 0;
  const take = (count) => new Float32Array(weights, (offset += 4 * count) - 4 * count, count);
  layers = shapes.map(([rows, columns]) => ({
    rows, columns, weight: take(rows * columns), bias: take(rows),
  }));
  show([0, 0]);
})();
</script>
"""


def main() -> None:
    """Measure, and print one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    print(f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium, {repeats} repeats")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        pages = {}
        for number, (title, flags) in enumerate(FILES.items()):
            file = folder / f"{number}.html"
            if export.main([*flags, "--html", str(file)]) != 0:
                sys.exit(1)
            pages[f"{title} ({file.stat().st_size / 1e6:.2f} MB)"] = file.as_uri()
        weights = _write_static(folder)
        browser = open_browser(playwright)
        with _serve(folder) as address:
            pages = {f"static page ({weights / 1e6:.2f} MB)": f"{address}/static.html"} | pages
            for url in pages.values():
                _start(browser, url)
            times = {title: [] for title in pages}
            for _ in range(repeats):
                for title, url in pages.items():
                    times[title].append(_start(browser, url))
        browser.close()
    static = statistics.median(next(iter(times.values())))
    for title, found in times.items():
        middle = statistics.median(found)
        print(
            f"{title}: first picture after {middle:.0f} ms ({min(found):.0f} to {max(found):.0f}), "
            f"{middle / static:.2f} of the static page's"
        )


def _write_static(folder: Path) -> int:
    """Write the static page of the 2-D decoder, and return how many bytes its weights take."""
    tensors = load_file(Path(TWO) / "model.safetensors")
    names = sorted(
        (name for name in tensors if re.fullmatch(r"decoder\.layers\.\d+\.weight", name)),
        key=lambda name: int(name.split(".")[2]),
    )
    arrays = [
        tensors[name.replace("weight", part)] for name in names for part in ("weight", "bias")
    ]
    weights = np.concatenate([array.astype(np.float32).ravel() for array in arrays]).tobytes()
    (folder / "weights.bin").write_bytes(weights)
    (folder / "shapes.json").write_text(json.dumps([tensors[name].shape for name in names]))
    (folder / "static.html").write_text(STATIC, encoding="utf-8")
    return len(weights)


@contextmanager
def _serve(folder: Path) -> Iterator[str]:
    """Serve a folder in a process of its own, and yield its address."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            yield re.search(r"http://\S+:\d+", server.stdout.readline())[0]
        finally:
            server.terminate()


def _start(browser: Browser, url: str) -> float:
    """Open a page with nothing cached; return the milliseconds to its first picture."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url, wait_until="commit")
    shown = page.evaluate("window.shown")
    context.close()
    return shown


if __name__ == "__main__":
    main()
