"""The shipped decoders in the browser against general runtimes, one move of the handle at a time.

Needs what the project does not: the Python package `onnx`, and a folder with

    npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm onnxruntime-web

Then `python tests/benchmarks/runtimes.py FOLDER/node_modules` prints the median milliseconds of
decode + paint in each, taken in turn, and how many times as long as ours that is.
"""

from __future__ import annotations

import argparse
import http.server
import os
import platform
import statistics
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served_app import ROOT, open_browser

from vae_explorer.live.blobs import plan_blob, plan_of_checkpoint
from vae_explorer.live.plan import Plan

SHIPPED = ("mnist-2d", "mnist-20d")
OURS = "ours"


def main() -> None:
    """Serve everything from one folder, and measure each runtime several times in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", type=Path, help="the folder node_modules")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--moves", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        _lay_out(Path(folder), args.modules)
        browser = open_browser(playwright)
        page = browser.new_page()
        page.goto(_serve(folder) + "/runtimes.html")
        page.wait_for_function("() => window.runtimes")
        print(f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium, ms a move, median")
        for name in SHIPPED:
            taken = {runtime: [] for runtime in page.evaluate("runtimes")}
            pictures = {}
            for _ in range(args.repeats):
                for runtime, times in taken.items():
                    found = page.evaluate("given => measure(...given)", [name, runtime, args.moves])
                    times.extend(found["taken"])
                    pictures[runtime] = np.array(found["first"])
            ours = statistics.median(taken[OURS])
            for runtime, times in taken.items():
                # A race counts only between runtimes that decode the same picture.
                np.testing.assert_allclose(pictures[runtime], pictures[OURS], atol=1e-3)
                median = statistics.median(times)
                print(f"{name:10} {runtime:24} {median:8.2f}   {median / ours:6.1f} x ours")
        browser.close()


def _lay_out(folder: Path, modules: Path) -> None:
    (folder / "modules").symlink_to(modules.resolve())
    (folder / "assets").symlink_to(ROOT / "vae_explorer" / "live" / "browser")
    page = Path(__file__).with_name("runtimes.html")
    (folder / page.name).write_bytes(page.read_bytes())
    for name in SHIPPED:
        plan = plan_of_checkpoint(ROOT / "checkpoints" / name, "decoder")
        (folder / f"{name}.blob").write_bytes(plan_blob(plan))
        (folder / f"{name}.onnx").write_bytes(_onnx_of(plan).SerializeToString())


def _onnx_of(plan: Plan) -> onnx.ModelProto:
    """Return a plan of dense steps as an ONNX graph: Gemm, and Gelu or Sigmoid."""
    operators = {"gelu": "Gelu", "sigmoid": "Sigmoid"}
    nodes, weights, value = [], [], "z"
    widened = plan.weights.astype(np.float32)
    for k, step in enumerate(plan.steps):
        size = step.inputs * step.outputs
        matrix = widened[step.weight : step.weight + size].reshape(step.inputs, step.outputs)
        bias = widened[step.bias : step.bias + step.outputs]
        weights += [
            numpy_helper.from_array(matrix, f"w{k}"),
            numpy_helper.from_array(bias, f"b{k}"),
        ]
        nodes.append(helper.make_node("Gemm", [value, f"w{k}", f"b{k}"], [f"h{k}"]))
        value = "x" if k == len(plan.steps) - 1 else f"a{k}"
        nodes.append(helper.make_node(operators[step.activation], [f"h{k}"], [value]))
    graph = helper.make_graph(
        nodes,
        "decoder",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, plan.input_shape[0]])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, plan.steps[-1].outputs])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def _serve(folder: str) -> str:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map = {  # noqa: RUF012
            **http.server.SimpleHTTPRequestHandler.extensions_map,
            ".mjs": "text/javascript",
            ".wasm": "application/wasm",
        }

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    main()
