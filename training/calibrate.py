"""From out-of-fold raw scores to probabilities and thresholds, topic by topic."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_UNPENALISED = 1e6


def platt_scaling(raw: Floats, targets: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Slopes and offsets (K,) that make `sigmoid(slope * raw + offset)` a probability.

    raw and targets are (N, K), weights (N,). Platt: Probabilistic outputs for support vector machines (1999), fitted on
    scores of rows held out.
    """
    fitted = [
        LogisticRegression(C=_UNPENALISED).fit(raw[:, [topic]], targets[:, topic], weights)
        for topic in range(raw.shape[1])
    ]
    return np.array([model.coef_[0, 0] for model in fitted]), np.array([model.intercept_[0] for model in fitted])


def best_f1_thresholds(scores: Floats, targets: Bools, weights: Floats) -> Floats:
    """For each topic the threshold (K,) with the best weighted F1; a score at the threshold counts as yes.

    scores and targets are (N, K), weights (N,).
    """
    return np.array([_best_f1_threshold(scores[:, k], targets[:, k], weights) for k in range(scores.shape[1])])


def _best_f1_threshold(scores: Floats, targets: Bools, weights: Floats) -> float:
    order = np.argsort(-scores, kind="stable")
    wanted = targets[order] * weights[order]
    f1 = 2 * np.cumsum(wanted) / (np.cumsum(weights[order]) + wanted.sum())
    last = int(f1.argmax())
    following = scores[order[last + 1]] if last + 1 < len(order) else 0.0
    return float((scores[order[last]] + following) / 2)


def precision_thresholds(scores: Floats, targets: Bools, weights: Floats, precision: float) -> Floats:
    """For each topic the lowest threshold (K,) whose weighted precision on these rows is `precision` or more.

    The highest score is the threshold where no other reaches it. scores and targets are (N, K), weights (N,).
    """
    thresholds = []
    for column, wanted in zip(scores.T, targets.T, strict=True):
        order = np.argsort(-column, kind="stable")
        reached = np.cumsum(wanted[order] * weights[order]) / np.cumsum(weights[order])
        # A score at the threshold counts as yes, so of equal scores only the last one tells the precision.
        last_of_equals = np.append(column[order][1:] < column[order][:-1], True)
        good = np.flatnonzero((reached >= precision) & last_of_equals)
        thresholds.append(column[order[good[-1] if len(good) else 0]])
    return np.array(thresholds)
