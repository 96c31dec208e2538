"""Every page, run by Streamlit itself without a browser, on both shipped checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from vae_explorer import load_checkpoint

MAIN = Path(__file__).resolve().parents[1] / "vae_explorer" / "ui" / "main.py"
PAGES = ("explore", "scatter", "manifold", "interpolate", "reconstruct", "model")


def _open(page: str, checkpoint: str = "mnist-2d", **state: object) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["checkpoint"] = checkpoint
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    if page != "explore":
        app.switch_page(f"pages/{page}.py").run()
    return app


def _clean(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def _words(app: AppTest) -> str:
    texts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    return "\n".join(element.value for element in texts)


def _charts(app: AppTest) -> list[str]:
    return [chart.proto.spec for chart in app.get("plotly_chart")]


def _maps(app: AppTest) -> list[dict[str, object]]:
    """Return what each live map on the page was given."""
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_every_shipped_checkpoint(page: str, shipped: Path) -> None:
    app = _clean(_open(page, shipped.name))
    assert app.sidebar.radio[0].value == shipped.name
    assert app.query_params["checkpoint"] == shipped.name
    assert _maps(app) if page == "explore" else _charts(app)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_needs_a_data_set(
    page: str, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_EXPLORER_DATA", str(tmp_path))
    _clean(_open(page, shipped.name))


def test_reconstructions_say_so_where_the_originals_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vae_explorer.ui.loaders import _test_split

    _test_split.clear()
    monkeypatch.setenv("VAE_EXPLORER_DATA", str(tmp_path))
    app = _clean(_open("reconstruct"))
    assert "The originals of mnist are not on disk" in _words(app)


def test_originals_stand_beside_their_reconstructions_where_the_data_is(mnist: object) -> None:
    app = _clean(_open("reconstruct"))
    assert "originals above, reconstructions below" in _words(app)


def test_the_picker_lists_what_can_be_opened_with_its_figures_and_why_the_rest_cannot(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shipped, tmp_path / "copied")
    shutil.copytree(shipped, tmp_path / shipped.name)
    shutil.copytree(shipped, tmp_path / "broken")
    (tmp_path / "broken" / "meta.json").write_text("{")
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    app = _clean(_open("scatter", "copied"))
    picker = app.sidebar.radio[0]
    same_name = f"{shipped.name} ({tmp_path.name})"
    assert sorted(picker.options) == sorted(["mnist-20d", "mnist-2d", "copied", same_name])
    assert picker.options.index("mnist-2d") < picker.options.index("mnist-20d")
    meta = load_checkpoint(shipped).meta
    facts = picker.proto.captions[picker.options.index("copied")]
    assert facts.startswith(f"mnist · {meta.model.latent_dim}-D · −ELBO ")
    assert f"{meta.metrics['test_neg_elbo']:.1f}" in facts
    assert any("broken" in c.value and "meta.json" in c.value for c in app.sidebar.caption)
    assert picker.value == "copied"


def test_a_checkpoint_with_broken_weights_stops_its_page_in_words_and_no_other(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shipped, tmp_path / "damaged")
    save_file({"stray": torch.zeros(1)}, tmp_path / "damaged" / "model.safetensors")
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    app = _open("manifold", "damaged")
    assert not app.exception
    assert "model.safetensors: found decoder.layers.0.bias with shape missing" in app.error[0].value
    _clean(app.sidebar.radio[0].set_value(shipped.name).run())


def test_a_link_to_a_checkpoint_that_is_gone_says_so_and_opens_another() -> None:
    app = _clean(_open("explore", "no-such"))
    assert "no-such" in app.sidebar.warning[0].value
    assert app.sidebar.radio[0].value == "mnist-2d"


def test_the_choice_of_checkpoint_survives_a_change_of_page() -> None:
    app = _open("scatter")
    app.sidebar.radio[0].set_value("mnist-20d").run()
    app.switch_page("pages/model.py").run()
    assert _clean(app).sidebar.radio[0].value == "mnist-20d"


@pytest.mark.parametrize("view", ["PCA", "Dimensions", "UMAP"])
def test_twenty_dimensions_are_seen_in_every_view(view: str) -> None:
    for page, key in (("scatter", "scatter_view"), ("interpolate", "path_view")):
        app = _clean(_open(page, "mnist-20d", **{key: view}))
        assert {"PCA": "PC 1", "UMAP": "UMAP 1", "Dimensions": '"z'}[view] in _charts(app)[0]


def test_dimensions_are_offered_by_kl_the_largest_first() -> None:
    app = _clean(_open("scatter", "mnist-20d", scatter_view="Dimensions"))
    kl = load_checkpoint(MAIN.parents[2] / "checkpoints" / "mnist-20d").meta.kl_by_dimension
    across = next(box for box in app.selectbox if box.label == "Across")
    offered = [int(option.split(" ")[0][1:]) for option in across.options]
    assert offered == sorted(range(20), key=lambda dimension: -kl[dimension])


@pytest.mark.parametrize("size", [5, 30])
@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_the_manifold_follows_its_controls_and_says_how_it_is_spaced(
    shipped: Path, size: int, spacing: str
) -> None:
    app = _clean(_open("manifold", shipped.name, grid_size=size, grid_spacing=spacing))
    assert f"{size} × {size} images" in _words(app)
    assert f"{spacing} spacing" in _words(app)
    assert app.get("download_button")


@pytest.mark.parametrize("plane", ["PCA", "Dimensions"])
def test_the_manifold_cuts_twenty_dimensions_along_a_chosen_plane(plane: str) -> None:
    centers = _open("manifold", "mnist-20d", plane=plane).selectbox
    centers = next(box for box in centers if box.label == "Plane through").options
    charts = {
        center: _charts(_clean(_open("manifold", "mnist-20d", plane=plane, center=center)))[0]
        for center in (centers[0], centers[1], centers[-1])
    }
    # The mean of all codes lies so near 0 that its picture may be the same; a class's does not.
    assert charts[centers[0]] != charts[centers[-1]]


def test_clicks_set_the_two_ends_in_turn() -> None:
    app = _open("interpolate")
    path = MAIN.parents[2] / "checkpoints" / "mnist-2d"
    first = app.session_state[f"ends {path}"]
    assert first.turn == "A"
    latents = load_checkpoint(path).latents
    words = _words(app)
    for row in (first.a, first.b):
        assert f"{latents.label[row]} (test image {latents.index[row]})" in words


@pytest.mark.parametrize("kind", ["lerp", "slerp"])
@pytest.mark.parametrize("steps", [3, 30])
def test_a_path_is_decoded_in_as_many_steps_as_asked(shipped: Path, kind: str, steps: int) -> None:
    app = _clean(_open("interpolate", shipped.name, path_kind=kind, path_steps=steps))
    slider = next(slider for slider in app.slider if slider.label == "Step from A to B")
    assert slider.max == steps
    # From any step, fewer steps still leave one that exists.
    slider.set_value(steps).run()
    next(s for s in app.slider if s.label == "Steps").set_value(4).run()
    _clean(app)


def test_samples_change_with_the_draw() -> None:
    def picture(draw: int) -> str:
        return _clean(_open("reconstruct", sample_seed=draw)).get("image")[-1].proto.imgs[0].url

    assert picture(0) == picture(0)
    assert picture(0) != picture(1)


def test_the_model_page_states_the_measured_figures(shipped: Path) -> None:
    metrics = load_checkpoint(shipped).meta.metrics
    shown = {metric.label: metric.value for metric in _clean(_open("model", shipped.name)).metric}
    assert shown["test −ELBO"] == f"{metrics['test_neg_elbo']:.2f}"
    assert np.isclose(
        float(shown["reconstruction"]) + float(shown["KL"]), metrics["test_neg_elbo"], atol=0.02
    )
