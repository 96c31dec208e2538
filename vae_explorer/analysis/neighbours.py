"""How well neighbours are kept: votes of the nearest codes, and scikit-learn's trustworthiness."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["NeighbourMetrics", "knn_accuracy", "neighbour_metrics", "trustworthiness"]

NEIGHBOURS = 5
# Memory grows with the square of the number of points, and where they are the same, so does time.
TRUSTWORTHINESS_SIZE, VIEW_SIZE = 5000, 10_000


class NeighbourMetrics(NamedTuple):
    """What a 2-D view of codes keeps of them.

    knn_accuracy: the share of codes whose class is the vote of its five nearest others in the view,
        of more than 10,000 codes over a random 10,000, seed 0.
    trustworthiness: of the view as a map of the codes, over a random 5,000 of them, seed 0.
    """

    knn_accuracy: float
    trustworthiness: float


def neighbour_metrics(codes: np.ndarray, view: np.ndarray, label: np.ndarray) -> NeighbourMetrics:
    """Measure a view, (N, 2), of codes, (N, D), whose classes are `label`, (N,)."""
    rows = _random_rows(len(view), VIEW_SIZE)
    accuracy = _left_out_accuracy(view[rows], label[rows])
    return NeighbourMetrics(accuracy, trustworthiness(codes, view))


def knn_accuracy(
    codes: np.ndarray, label: np.ndarray, test_codes: np.ndarray, test_label: np.ndarray
) -> float:
    """Return how often a test code's class is the vote of its five nearest codes, 0 to 1.

    Args:
        codes, label: those that vote, (N, D) and (N,).
        test_codes, test_label: those that are voted on, (M, D) and (M,).
    """
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(NEIGHBOURS, len(label)))
    classifier.fit(codes, label)
    return float(classifier.score(test_codes, test_label))


def trustworthiness(points: np.ndarray, mapped: np.ndarray) -> float:
    """Return scikit-learn's trustworthiness of a map, (N, K), of points, (N, P), 0 to 1.

    It falls with neighbours on the map that were far apart (Venna & Kaski 2001). Of more than 5,000
    points a random 5,000 are taken, always the same ones; the first 5,000 would not stand for all,
    as MNIST's test images are not in random order.
    """
    from sklearn.manifold import trustworthiness as sklearn_trustworthiness

    rows = _random_rows(len(points), TRUSTWORTHINESS_SIZE)
    points, mapped = points[rows], mapped[rows]
    neighbours = min(NEIGHBOURS, (len(points) - 1) // 2)
    return float(sklearn_trustworthiness(points, mapped, n_neighbors=neighbours))


def _random_rows(count: int, most: int) -> np.ndarray | slice:
    """Return which of `count` rows to take: a random `most`, always the same, or all if fewer."""
    if count <= most:
        return slice(None)
    return np.random.default_rng(0).choice(count, most, replace=False)


def _left_out_accuracy(view: np.ndarray, label: np.ndarray) -> float:
    """Return the accuracy where each of the points is voted on by all others."""
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(NEIGHBOURS, len(label) - 1)).fit(view, label)
    # Without points to predict, scikit-learn leaves each one out of its own neighbours.
    return float((classifier.predict(None) == label).mean())
