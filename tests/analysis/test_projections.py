"""Projections of codes and the metrics of them, against scikit-learn and numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sklearn.manifold
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from vae_explorer.analysis.neighbours import neighbour_metrics
from vae_explorer.analysis.projections import tsne_projection, umap_projection


@pytest.fixture(scope="module")
def clusters() -> tuple[np.ndarray, np.ndarray]:
    """120 codes of 6 dimensions in three clusters, and which one each is of."""
    rng = np.random.default_rng(0)
    centers = 20 * rng.standard_normal((3, 6))
    z = np.concatenate([center + rng.standard_normal((40, 6)) for center in centers])
    return z.astype(np.float32), np.repeat(np.arange(3), 40)


@pytest.mark.parametrize("project", [umap_projection, tsne_projection])
def test_a_view_keeps_neighbours_and_is_reproduced_by_its_seed(
    clusters: tuple[np.ndarray, np.ndarray], project: Callable[[np.ndarray], np.ndarray]
) -> None:
    z, _ = clusters
    view = project(z)
    assert view.shape == (120, 2)
    assert view.dtype == np.float32
    assert sklearn.manifold.trustworthiness(z, view, n_neighbors=10) > 0.8
    np.testing.assert_array_equal(view, project(z))


@pytest.mark.parametrize("project", [umap_projection, tsne_projection])
@pytest.mark.parametrize("codes", [np.ones((1, 5)), np.eye(3, 5), np.ones((40, 5))])
def test_too_few_different_codes_are_refused_in_words(
    project: Callable[[np.ndarray], np.ndarray], codes: np.ndarray
) -> None:
    with pytest.raises(ValueError, match=r"found \d different codes among \d+, expected at least"):
        project(codes)
    assert np.isfinite(project(np.eye(4, 5))).all()


def test_tsne_says_how_far_it_is(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    shares: list[float] = []
    tsne_projection(clusters[0][:20], on_progress=shares.append)
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.1
    assert shares[-1] == pytest.approx(1)


def test_the_metrics_of_a_view_are_scikit_learns(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    z, label = clusters
    rng = np.random.default_rng(1)
    view = z[:, :2] + 15 * rng.standard_normal((120, 2))
    found = neighbour_metrics(z, view, label)
    votes = cross_val_score(KNeighborsClassifier(5), view, label, cv=LeaveOneOut())
    assert found.knn_accuracy == pytest.approx(votes.mean())
    exact = sklearn.manifold.trustworthiness(z, view, n_neighbors=5)
    assert found.trustworthiness == pytest.approx(exact)
    assert 0.4 < found.knn_accuracy < 1


def test_of_many_points_a_random_ten_thousand_vote() -> None:
    rng = np.random.default_rng(0)
    view, label = rng.standard_normal((12_000, 2)), rng.integers(0, 3, 12_000)
    accuracy = neighbour_metrics(view, view, label).knn_accuracy
    assert 10_000 * accuracy == pytest.approx(round(10_000 * accuracy), abs=1e-6)
