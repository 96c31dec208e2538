"""How fast an exported file starts: `python tests/benchmarks/exported.py [--repeats N]`.

Prints the milliseconds from opening a page to its first decoded picture, for files that
`vae_explorer.export` writes and, in turn with them, for a static page of the kind that demos are
served as: the decoder's weights in float32, fetched from a server on this machine, one handle and
one canvas. It decodes in plain JavaScript, and with `--tfjs tf.min.js` in TensorFlow.js too. Then
the frames a second of the glides in the talk that comes with the app, played from such a file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from websockets.sync.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from served_app import FLAGS, ROOT

from vae_explorer import export

TWO, TWENTY = SHIPPED = [str(ROOT / "checkpoints" / name) for name in ("mnist-2d", "mnist-20d")]
FILES = {
    "both, with encoders": SHIPPED,
    "both, without": [*SHIPPED, "--no-encoder"],
    "2-D alone, with": [TWO],
    "2-D alone, without": [TWO, "--no-encoder"],
}
TALK = ROOT / "vae_explorer" / "scenes.json"

# When the first picture was shown: at the frame after the one in which its canvas was painted.
WATCH = """window.shown = new Promise((resolve) =>
    new MutationObserver((_, watching) => {
        if (!document.querySelector('[data-testid=decoded][data-z]')) return;
        watching.disconnect();
        requestAnimationFrame(() => resolve(performance.now()));
    }).observe(document, {subtree: true, childList: true, attributeFilter: ['data-z']}))"""

# The frames a second of the glide into the next scene.
NEXT = """(async () => {
    const stage = document.querySelector('[data-testid=stage]');
    const next = String(Number(stage.dataset.scene) + 1);
    dispatchEvent(new KeyboardEvent('keydown', {key: 'PageDown', cancelable: true}));
    const rests = () => stage.dataset.scene === next && stage.dataset.gliding === undefined;
    while (!rests()) await new Promise((resolve) => setTimeout(resolve, 100));
    return Number(stage.dataset.fps);
})()"""

STATIC = """<!DOCTYPE html>
<meta charset="utf-8">
<title>VAE</title>
RUNTIME
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
  return window.tf ? tf.tidy(() => inTensorflow(z).dataSync()) : inPlain(z);
}
function inTensorflow(z) {
  let x = tf.tensor2d([z]);
  layers.forEach(({ rows, columns, weight, bias }, k) => {
    x = x.matMul(tf.tensor2d(weight, [rows, columns]), false, true).add(bias);
    x = k < layers.length - 1 ? x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1)) : x.sigmoid();
  });
  return x;
}
function inPlain(z) {
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
  await window.tf?.setBackend("cpu");
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
    parser.add_argument("--tfjs", type=Path, metavar="FILE", help="tf.min.js of @tensorflow/tfjs")
    args = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium, {args.repeats} repeats"
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = {}
        for title, flags in ({"talk": [*SHIPPED, "--scenes", str(TALK)]} | FILES).items():
            file = folder / f"{len(files)}.html"
            if export.main([*flags, "--html", str(file)]) != 0:
                sys.exit(1)
            files[f"{title}, {file.stat().st_size / 1e6:.2f} MB"] = file.as_uri()
        talk = files.pop(next(iter(files)))
        static = _write_static(folder, args.tfjs)
        with _serve(folder) as address, _browser() as browser:
            pages = {title: f"{address}/{name}" for title, name in static.items()} | files
            for url in pages.values():
                _start(browser, url)
            times = {title: [] for title in pages}
            for _ in range(args.repeats):
                for title, url in pages.items():
                    times[title].append(_start(browser, url))
            base = statistics.median(times[next(iter(static))])
            for title, found in times.items():
                middle = statistics.median(found)
                print(
                    f"{title}: first picture after {middle:.0f} ms ({min(found):.0f} to "
                    f"{max(found):.0f}), {middle / base:.2f} of the first"
                )
            for number, rates in _glides(browser, talk, repeats=3).items():
                print(f"into scene {number}: {statistics.median(rates):.1f} frames/s")


def _write_static(folder: Path, tfjs: Path | None) -> dict[str, str]:
    """Write the static pages of the 2-D decoder; return their files' names by their titles."""
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
    (folder / "plain.html").write_text(STATIC.replace("RUNTIME", ""), encoding="utf-8")
    pages = {f"static page, {len(weights) / 1e6:.2f} MB": "plain.html"}
    if tfjs:
        shutil.copy(tfjs, folder / "tf.js")
        runtime = '<script src="tf.js"></script>'
        (folder / "tfjs.html").write_text(STATIC.replace("RUNTIME", runtime), encoding="utf-8")
        size = (len(weights) + tfjs.stat().st_size) / 1e6
        pages[f"static page with TensorFlow.js, {size:.2f} MB"] = "tfjs.html"
    return pages


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


@contextmanager
def _browser() -> Iterator[ClientConnection]:
    """Open Chromium and yield its DevTools connection.

    Playwright would watch the network, which decodes each page twice and is paid by large ones.
    """
    flags = (*FLAGS, "--headless", "--remote-debugging-port=0")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        subprocess.Popen(
            ["chromium", *flags, f"--user-data-dir={profile}"], stderr=subprocess.PIPE, text=True
        ) as chromium,
    ):
        try:
            lines = (re.search(r"listening on (ws://\S+)", line) for line in chromium.stderr)
            with connect(next(filter(None, lines))[1], max_size=None) as browser:
                yield browser
        finally:
            chromium.terminate()


def _call(browser: ClientConnection, method: str, tab: str | None = None, **params: Any) -> Any:
    session = {"sessionId": tab} if tab else {}
    browser.send(json.dumps({"id": 1, "method": method, "params": params} | session))
    while (answer := json.loads(browser.recv(120))).get("id") != 1:
        pass
    return answer["result"]


@contextmanager
def _opened(browser: ClientConnection, url: str) -> Iterator[str]:
    """Open a page with nothing cached, and yield its tab."""
    context = _call(browser, "Target.createBrowserContext")
    size = {"width": 1280, "height": 720}
    target = _call(browser, "Target.createTarget", url="about:blank", **context, **size)
    tab = _call(browser, "Target.attachToTarget", **target, flatten=True)["sessionId"]
    _call(browser, "Page.enable", tab)
    _call(browser, "Page.addScriptToEvaluateOnNewDocument", tab, source=WATCH)
    _call(browser, "Page.navigate", tab, url=url)
    yield tab
    _call(browser, "Target.disposeBrowserContext", **context)


def _evaluate(browser: ClientConnection, tab: str, expression: str) -> float:
    found = _call(browser, "Runtime.evaluate", tab, expression=expression, awaitPromise=True)
    return found["result"]["value"]


def _start(browser: ClientConnection, url: str) -> float:
    """Return the milliseconds from opening a page to its first picture."""
    with _opened(browser, url) as tab:
        return _evaluate(browser, tab, "shown")


def _glides(browser: ClientConnection, url: str, repeats: int) -> dict[int, list[float]]:
    """Play a talk several times; return the frames a second of each glide within a checkpoint."""
    scenes = json.loads(TALK.read_text(encoding="utf-8"))["scenes"]
    pages = [scene["link"].split("&")[0] for scene in scenes]
    rates: dict[int, list[float]] = {}
    for _ in range(repeats):
        with _opened(browser, url) as tab:
            _evaluate(browser, tab, "shown")
            for k in range(1, len(scenes)):
                rate = _evaluate(browser, tab, NEXT)
                if pages[k] == pages[k - 1]:
                    rates.setdefault(k + 1, []).append(rate)
    return rates


if __name__ == "__main__":
    main()
