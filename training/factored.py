"""Logistic regression on the factored matrix `X = D . Phi`, which many rows make too large to write out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import expit

from training.matrix import FactoredCounts

Floats = npt.NDArray[np.float64]
_FLAT = 1e-4
"""The search ends where the loss is less steep than this part of its steepness at the start."""


@dataclass(frozen=True)
class FactoredRows:
    """N rows as factors: words over the norm (N, V), features of words (V, F), phrases (N, G); `kept` (F,) numbers the
    features among all. The transposes are kept too, since every step of the search needs both.
    """

    words: sp.csr_matrix
    features: sp.csr_matrix
    phrases: sp.csr_matrix
    kept: npt.NDArray[np.intp]
    words_t: sp.csr_matrix
    features_t: sp.csr_matrix
    phrases_t: sp.csr_matrix

    @classmethod
    def of(cls, counts: FactoredCounts, idf: Floats, phrase_value: float) -> "FactoredRows":
        """The factors whose product is `passages_matrix` of the same arguments."""
        kept = np.flatnonzero(idf)
        features = sp.csr_matrix(counts.phi[:, kept] @ sp.diags(idf[kept]))
        length = np.asarray(features.multiply(features).sum(axis=1)).ravel()
        norm = np.sqrt(counts.gains.multiply(counts.gains) @ length)
        words = sp.csr_matrix(sp.diags(1 / np.where(norm > 0, norm, 1)) @ counts.gains)
        phrases = sp.csr_matrix(counts.phrases * phrase_value)
        return cls(words, features, phrases, kept, words.T.tocsr(), features.T.tocsr(), phrases.T.tocsr())

    def fit(self, target: npt.NDArray[np.bool_], weights: Floats, penalty: float) -> Floats:
        """The F + G coefficients and the intercept with the least loss; `penalty` is scikit-learn's C.

        The loss is that of `LogisticRegression` with its default solver: half the squared coefficients, without the
        intercept, and C times the weighted log loss. target and weights are (N,). Newton's method with conjugate
        gradients in a trust region: Lin, Weng, Keerthi: Trust region Newton method for logistic regression (2008).
        """
        sign = np.where(target, 1.0, -1.0)

        def loss_and_gradient(point: Floats) -> tuple[float, Floats]:
            raw = self.scores(point)
            loss = penalty * float(weights @ np.logaddexp(0, -sign * raw)) + float(point[:-1] @ point[:-1]) / 2
            return loss, self._pulled(point, -penalty * weights * sign * expit(-sign * raw))

        def curvature(point: Floats) -> Callable[[Floats], Floats]:
            share = expit(self.scores(point))
            bent = penalty * weights * share * (1 - share)
            return lambda direction: self._pulled(direction, bent * self.scores(direction))

        start = np.zeros(self.features.shape[1] + self.phrases.shape[1] + 1)
        steepness = float(np.linalg.norm(loss_and_gradient(start)[1]))
        found = minimize(
            loss_and_gradient,
            start,
            jac=True,
            hessp=_of_latest(curvature),
            method="trust-ncg",
            options={"gtol": _FLAT * steepness},
        )
        return np.asarray(found.x)

    def scores(self, point: Floats) -> Floats:
        """Raw scores (N,) by coefficients and intercept."""
        split = self.features.shape[1]
        raw: Floats = self.words @ (self.features @ point[:split]) + self.phrases @ point[split:-1] + point[-1]
        return raw

    def _pulled(self, point: Floats, slope: Floats) -> Floats:
        """The penalty's pull at a point and that of `slope` (N,) on the scores: as many numbers as the point has."""
        split = self.features.shape[1]
        pull = np.append(point[:-1], slope.sum())
        pull[:split] += self.features_t @ (self.words_t @ slope)
        pull[split:-1] += self.phrases_t @ slope
        return pull


def _of_latest(made: Callable[[Floats], Callable[[Floats], Floats]]) -> Callable[[Floats, Floats], Floats]:
    """What `made` of a point does to a direction, made anew when the point is another: one serves many directions."""
    latest: list[tuple[Floats, Callable[[Floats], Floats]]] = []

    def product(point: Floats, direction: Floats) -> Floats:
        if not latest or not np.array_equal(latest[0][0], point):
            latest[:] = [(point.copy(), made(point))]
        return latest[0][1](direction)

    return product
