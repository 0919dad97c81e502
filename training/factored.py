"""Logistic regression on the factored matrix `X = D . Phi`, which many rows make too large to write out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import expit

from training.matrix import FactoredCounts

Floats = npt.NDArray[np.float64]
_STEPS = 300
_SMALL_GAIN = 1e-6
"""The search ends at a step that lowers the loss by less than this part of it."""


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
        """The F + G coefficients and the intercept that L-BFGS finds: `penalty` is scikit-learn's C.

        The loss is that of `LogisticRegression`: half the squared coefficients, the intercept left out, and C times the
        weighted log loss. target and weights are (N,).
        """
        sign = np.where(target, 1.0, -1.0)
        split = self.features.shape[1]

        def loss_and_gradient(point: Floats) -> tuple[float, Floats]:
            raw = self.words @ (self.features @ point[:split]) + self.phrases @ point[split:-1] + point[-1]
            loss = penalty * float(weights @ np.logaddexp(0, -sign * raw)) + float(point[:-1] @ point[:-1]) / 2
            slope = -penalty * weights * sign * expit(-sign * raw)
            gradient = np.append(point[:-1], 0.0)
            gradient[:split] += self.features_t @ (self.words_t @ slope)
            gradient[split:-1] += self.phrases_t @ slope
            gradient[-1] += slope.sum()
            return loss, gradient

        start = np.zeros(split + self.phrases.shape[1] + 1)
        options = {"maxiter": _STEPS, "ftol": _SMALL_GAIN, "gtol": 0.0}
        return np.asarray(minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options).x)
