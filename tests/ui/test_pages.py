"""Every page, run by Streamlit itself without a browser, on both shipped checkpoints."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Checkbox, Selectbox

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.folder import load_meta
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import DatasetRecord, write_meta
from vae_explorer.checkpoint.update import add_metrics
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.data import Dataset
from vae_explorer.training.fit import fit
from vae_explorer.training.save import save_trained
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints"
MAIN = Path(__file__).resolve().parents[2] / "vae_explorer" / "ui" / "page" / "main.py"
PAGES = ("explore", "compare", "film", "projections", "samples", "model")


def _open(page: str, checkpoint: str = "mnist-2d", **state: object) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["checkpoint"] = checkpoint
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    if page != "explore":
        app.switch_page(f"{page}.py").run()
    return app


def _clean(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def _picker(app: AppTest) -> Selectbox:
    return app.selectbox(key="picker_name")


def _words(app: AppTest) -> str:
    texts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    # Without the backslashes that keep a foreign text from being Markdown.
    captions = [image.caption for element in app.get("image") for image in element.proto.imgs]
    return "\n".join([*(element.value for element in texts), *captions]).replace("\\", "")


def _charts(app: AppTest) -> list[str]:
    return [chart.proto.spec for chart in app.get("plotly_chart")]


def _mounted(app: AppTest) -> list[dict[str, object]]:
    """Return what each of our components on the page was given."""
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


def _address(app: AppTest) -> str:
    """Return the checkpoints that the browser is told to write into the page's address."""
    choice = next(data["choice"] for data in _mounted(app) if "choice" in data)
    return choice.get("checkpoint") or choice["compare"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_every_shipped_checkpoint_without_a_data_set(
    page: str, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_EXPLORER_DATA", str(tmp_path))
    app = _clean(_open(page, shipped.name))
    assert shipped.name in _address(app)
    film = page == "film" and shipped.name == "mnist-2d"
    more = {"explore": 1, "compare": 1, "film": int(film), "projections": 1, "samples": 3}
    assert len(_mounted(app)) == 1 + more.get(page, 0)


def test_reconstructions_say_so_where_the_originals_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vae_explorer.ui.loaders import load_test_split

    load_test_split.clear()
    monkeypatch.setenv("VAE_EXPLORER_DATA", str(tmp_path))
    app = _clean(_open("samples"))
    assert "The originals of mnist are not on disk" in _words(app)


def test_originals_stand_beside_their_reconstructions_where_the_data_is(mnist: object) -> None:
    app = _clean(_open("samples"))
    assert "originals above, reconstructions below" in _words(app)


def test_originals_of_another_shape_than_the_model_s_are_left_out(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = load_checkpoint(SHIPPED / "mnist-2d")
    config = ModelConfig((3, 8, 8), latent_dim=2, hidden=(4,))
    record = DatasetRecord("digits", digits.checksum, tuple("0123456789"), 1437, 360)
    codes = {name: getattr(shipped.latents, name)[:9] for name in ("mean", "logvar", "label")}
    meta = replace(shipped.meta, model=config, dataset=record)
    latents = Latents(**codes, index=np.arange(9))
    save_checkpoint(tmp_path / "coloured", VAE(config), meta, [], latents)
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    assert "The originals of digits are not on disk" in _words(_clean(_open("samples", "coloured")))


def test_the_picker_lists_what_can_be_opened_with_its_figures_and_why_the_rest_cannot(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shipped, tmp_path / "copied")
    shutil.copytree(shipped, tmp_path / shipped.name)
    shutil.copytree(shipped, tmp_path / "broken")
    (tmp_path / "broken" / "meta.json").write_text("{")
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    app = _clean(_open("projections", "copied"))
    picker = _picker(app)
    metas = {name: load_checkpoint(SHIPPED / name).meta for name in ("mnist-2d", "mnist-20d")}
    metas |= dict.fromkeys(("copied", f"{shipped.name} ({tmp_path.name})"), metas[shipped.name])
    assert set(picker.options) == {
        f"{name} · {meta.model.latent_dim}-D · {meta.metrics['test_neg_elbo']:.1f}"
        for name, meta in metas.items()
    }
    dims = [int(option.split(" · ")[1].removesuffix("-D")) for option in picker.options]
    assert dims == sorted(dims)
    assert any("broken" in c.value and "meta.json" in c.value for c in app.caption)
    assert picker.value == "copied"


def test_a_checkpoint_with_broken_weights_stops_its_page_in_words_and_no_other(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(shutil.copytree(shipped, tmp_path / "damaged")) / "model.safetensors"
    weights = load_file(file)
    weights["decoder.layers.0.bias"][0] = torch.nan
    save_file(weights, file)
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    app = _open("samples", "damaged")
    assert not app.exception
    words = "model.safetensors: found values that are not finite in decoder.layers.0.bias"
    assert words in _words(app)
    _clean(_picker(app).set_value(shipped.name).run())


def test_a_link_to_a_checkpoint_that_is_gone_says_so_and_opens_another() -> None:
    app = _clean(_open("explore", "no-such"))
    assert "no-such" in app.warning[0].value
    assert _picker(app).value == "mnist-2d"


def test_the_choice_of_checkpoint_survives_a_change_of_page() -> None:
    app = _open("projections")
    _picker(app).set_value("mnist-20d").run()
    # As the browser's navigation does.
    app.query_params.clear()
    app.switch_page("model.py").run()
    assert _picker(_clean(app)).value == "mnist-20d"


def _switch(app: AppTest, page: str) -> AppTest:
    """Go to another page as the bar's links do: they say nothing of the checkpoint."""
    app.query_params.clear()
    return _clean(app.switch_page(f"{page}.py").run())


def test_settings_survive_a_change_of_page() -> None:
    app = _open("projections", "mnist-20d")
    app.segmented_control(key="view").set_value("Dimensions").run()
    _switch(app, "model")
    assert _switch(app, "projections").segmented_control(key="view").value == "Dimensions"


def _boxes(app: AppTest) -> dict[str, Checkbox]:
    """Return the boxes of the checkpoints that can be compared, by name."""
    return {box.label.split(" · ")[0].replace("\\", ""): box for box in app.checkbox}


@pytest.fixture
def several(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of four copies of mnist-2d, and of a checkpoint with smaller images."""
    for name in "abcd":
        shutil.copytree(SHIPPED / "mnist-2d", stopped.parent / name)
    return stopped.parent


def test_compare_begins_with_the_chosen_checkpoint_and_the_next_that_fits(several: Path) -> None:
    app = _open("model", "b")
    assert _address(_switch(app, "compare")) == "b/mnist-2d"
    # Until someone chooses there, it follows the choice made elsewhere.
    _picker(_switch(app, "model")).set_value("c").run()
    assert _address(_switch(app, "compare")) == "c/mnist-2d"
    _boxes(app)["a"].check().run()
    _boxes(app)["mnist-2d"].uncheck().run()
    assert _address(app) == "c/a"
    _picker(_switch(app, "model")).set_value("d").run()
    assert _address(_switch(app, "compare")) == "c/a"
    assert _picker(_switch(app, "model")).value.startswith("d")


def test_compare_says_why_a_checkpoint_cannot_be_added(several: Path) -> None:
    app = _clean(_open("compare", "mnist-2d"))
    assert _boxes(app)["stopped"].disabled
    assert "images of 1 × 8 × 8, expected 1 × 28 × 28" in _boxes(app)["stopped"].label
    for name in "bc":
        assert not _boxes(app)[name].disabled
        _boxes(app)[name].check().run()
    assert len(_address(app).split("/")) == 4
    assert _boxes(app)["d"].disabled
    assert "4 are chosen" in _boxes(app)["d"].label
    alone = _clean(_open("compare", "stopped"))
    assert "choose one more" in _words(alone)
    assert not _boxes(alone)["stopped"].disabled


def test_compare_names_one_with_damaged_weights_and_goes_on_with_the_others(several: Path) -> None:
    weights = load_file(several / "b" / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] = float("nan")
    save_file(weights, several / "b" / "model.safetensors")
    app = _open("compare", "a", compared_names=["a", "b", "c"])
    assert not app.exception
    assert str(several / "b") in _words(app)
    (shown,) = (data["checkpoints"] for data in _mounted(app) if "checkpoints" in data)
    assert [checkpoint["name"] for checkpoint in shown] == ["a", "c"]


def test_a_long_list_of_checkpoints_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (tmp_path / f"run-{number}").symlink_to(SHIPPED / "mnist-20d")
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    app = _clean(_open("compare", "run-3"))
    app.text_input(key="compared_search").set_value("RUN-1").run()
    # What is compared stays in sight.
    found = {f"run-{number}" for number in (1, *range(10, 20))}
    assert set(_boxes(_clean(app))) == found | set(_address(app).split("/"))


def test_film_offers_a_checkpoint_that_has_one() -> None:
    app = _clean(_open("film", "mnist-20d"))
    assert "mnist-20d has no film" in _words(app)
    (button,) = app.button
    assert "mnist-2d" in button.label.replace("\\", "")
    button.click().run()
    assert _address(_clean(app)) == "mnist-2d"
    assert len(_mounted(app)) == 2
    assert "2,000 test images" in _words(app)


def test_the_model_page_names_the_epochs_that_run_off_its_plot() -> None:
    words = _words(_clean(_open("model", "mnist-2d")))
    assert "train in epochs 31, 47, 48; test in epoch 47" in words
    assert "Spikes" not in _words(_clean(_open("model", "mnist-20d")))


@pytest.mark.parametrize("view", ["PCA", "Dimensions", "UMAP", "t-SNE"])
def test_twenty_dimensions_are_seen_in_every_view(view: str) -> None:
    app = _clean(_open("projections", "mnist-20d", view=view))
    axis = {"PCA": "PC 1", "Dimensions": '"z'}.get(view, f"{view} 1")
    assert axis in _charts(app)[0]


def test_under_a_view_stands_how_well_it_keeps_neighbours() -> None:
    latents = load_checkpoint(SHIPPED / "mnist-20d").latents
    for view, name in (("UMAP", "umap"), ("t-SNE", "tsne")):
        words = _words(_clean(_open("projections", "mnist-20d", view=view)))
        xy = latents.projections[name]
        _, nearest = NearestNeighbors(n_neighbors=5).fit(xy).kneighbors(None)
        votes = [np.bincount(latents.label[row], minlength=10).argmax() for row in nearest]
        assert f"5-NN accuracy {np.mean(votes == latents.label):.3f}" in words
        rows = np.random.default_rng(0).choice(len(xy), 5000, replace=False)
        exact = trustworthiness(latents.mean[rows], xy[rows], n_neighbors=5)
        assert f"trustworthiness {exact:.3f}" in words
    assert "trustworthiness" not in _words(_clean(_open("projections", "mnist-2d")))


@pytest.fixture
def stopped(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A 5-D checkpoint of a run that was stopped, and so without stored views."""
    config = ModelConfig((1, 8, 8), latent_dim=5, hidden=(16,), likelihood="gaussian")
    training = TrainConfig(dataset="digits", epochs=1, beta=0.5)
    result = replace(fit(config, training, digits), interrupted=True)
    save_trained(result, tmp_path / "stopped", "digits-20d", digits, torch.device("cpu"))
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    return tmp_path / "stopped"


def test_a_view_is_not_offered_where_it_cannot_be_stored(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vae_explorer.ui.view.why_not_writable", lambda path: "no write permission for it"
    )
    app = _clean(_open("projections", "stopped", view="UMAP"))
    assert "no write permission for it" in _words(app)
    assert not app.button


def test_the_model_page_says_what_was_otherwise_than_in_the_recipe(stopped: Path) -> None:
    app = _clean(_open("model", "stopped"))
    words = _words(app).replace("\\", "")
    assert "Recipe **digits-20d**" in words
    for change in ("latent dim 5 instead of 20", "beta 0.5 instead of 1.0"):
        assert change in words
    assert f"{32 * np.log(2 * np.pi):.2f} nats per image" in words
    assert r"0.5 \cdot \mathrm{KL}" in app.latex[0].value


def test_the_model_page_names_the_source_and_the_measured_bound(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(shipped, tmp_path / "copied"))
    meta = load_meta(path)
    write_meta(path / "meta.json", replace(meta, recipe="pyro-50d"))
    add_metrics(path, {"iw_nll": 90.125, "iw_samples": 500})
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(tmp_path))
    app = _clean(_open("model", "copied"))
    assert "[Source](https://pyro.ai/examples/vae.html)" in _words(app)
    reached = load_checkpoint(path).history[9].test_neg_elbo
    assert f"107.8 after epoch 10 (here {reached:.2f}); 102.4 after epoch 50" in _words(app)
    bound = next(metric for metric in app.metric if metric.label == "IW-NLL, K = 500")
    assert bound.value == "90.12"


def test_dimensions_are_offered_by_kl_the_largest_first() -> None:
    app = _clean(_open("projections", "mnist-20d", view="Dimensions"))
    kl = load_checkpoint(SHIPPED / "mnist-20d").meta.kl_by_dimension
    across = next(box for box in app.selectbox if box.label == "Across")
    offered = [int(option.split(" ")[0][1:]) for option in across.options]
    assert offered == sorted(range(20), key=lambda dimension: -kl[dimension])


def _pictures(app: AppTest) -> list[str]:
    """Return the address of each picture on a page: another picture has another one."""
    return [image.proto.imgs[0].url for image in _clean(app).get("image")]


def test_samples_change_with_the_seed() -> None:
    first, again = (_pictures(_open("samples", prior_seed=0)) for _ in range(2))
    other = _pictures(_open("samples", prior_seed=1))
    assert first == again
    assert [k for k, url in enumerate(first) if url != other[k]] == [1]


def test_one_image_is_decoded_at_several_draws_of_its_posterior(mnist: object) -> None:
    first = _pictures(_open("samples"))
    redrawn = _pictures(_open("samples", posterior_seed=1))
    another = _pictures(_open("samples", image=5))
    # Pairs, prior samples, the original with its reconstruction, the draws.
    assert len(first) == 4
    assert [k for k in range(4) if first[k] != redrawn[k]] == [3]
    assert [k for k in range(4) if first[k] != another[k]] == [2, 3]


def _traversal(app: AppTest) -> list[tuple[int, float, np.ndarray]]:
    """Return a dimension, its KL and its pictures, (13, 28, 28), for each row of the traversal."""
    bodies = [element.proto.body for element in _clean(app).get("html")]
    (table,) = [body for body in bodies if "<table class=traversal" in body]
    found = re.findall(r"z(\d+)<br><small>KL ([\d.]+)</small>.*?base64,([^']+)", table)
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))) for *_, png in found]
    steps = [[picture[:, 29 * k : 29 * k + 28] for k in range(13)] for picture in pictures]
    return [
        (int(d), float(kl), np.stack(row)) for (d, kl, _), row in zip(found, steps, strict=True)
    ]


@pytest.mark.parametrize("others", ["the image's code", "0"])
def test_a_traversal_has_a_row_for_each_dimension_the_most_informative_first(
    shipped: Path, others: str
) -> None:
    rows = _traversal(_open("samples", shipped.name, image=3, others=others))
    checkpoint = load_checkpoint(shipped)
    kl = np.array(checkpoint.meta.kl_by_dimension)
    assert [dimension for dimension, _, _ in rows] == list(np.argsort(-kl))
    for dimension, shown, pictures in rows[:3]:
        assert shown == pytest.approx(kl[dimension], abs=0.01)
        z = checkpoint.latents.mean[3].copy() if others != "0" else np.zeros(len(kl))
        for place, value in ((0, -3), (6, 0), (12, 3)):
            z[dimension] = value
            with torch.no_grad():
                image = checkpoint.model.generate(torch.tensor(z, dtype=torch.float32)[None])
            expected = 255 * image[0, 0].numpy()
            np.testing.assert_allclose(pictures[place], expected, atol=1.5)


def test_the_model_page_states_the_measured_figures(shipped: Path) -> None:
    metrics = load_checkpoint(shipped).meta.metrics
    shown = {metric.label: metric.value for metric in _clean(_open("model", shipped.name)).metric}
    assert shown["test −ELBO"] == f"{metrics['test_neg_elbo']:.2f}"
    assert np.isclose(
        float(shown["reconstruction"]) + float(shown["KL"]), metrics["test_neg_elbo"], atol=0.02
    )
