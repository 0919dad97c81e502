"""Labelled rows as the factors of the matrix `X = D . Phi`, which would be large written out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from training.matrix import FactoredCounts
from training.newton import least_loss

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FactoredRows:
    """N rows as two factors, in single precision: `words` (N, V + G) holds words over the norm and phrases, `features`
    (V + G, F + G) the features of words, and phrases as they are; `kept` (F + G,) numbers the features among all.
    """

    words: sp.csr_matrix
    features: sp.csr_matrix
    kept: npt.NDArray[np.intp]

    @classmethod
    def of(cls, counts: FactoredCounts, idf: Floats, phrase_value: float) -> "FactoredRows":
        """The factors whose product is `passages_matrix` of the same arguments, without its empty columns."""
        kept, groups = np.flatnonzero(idf), counts.phrases.shape[1]
        features = sp.csr_matrix(counts.phi[:, kept] @ sp.diags(idf[kept]))
        length = np.asarray(features.multiply(features).sum(axis=1)).ravel()
        norm = np.sqrt(counts.gains.multiply(counts.gains) @ length)
        words = sp.diags(1 / np.where(norm > 0, norm, 1)) @ counts.gains
        return cls(
            sp.hstack([words, counts.phrases * phrase_value], format="csr", dtype=np.float32),
            sp.block_diag([features, sp.identity(groups)], format="csr", dtype=np.float32),
            np.append(kept, len(idf) + np.arange(groups)),
        )

    def fit(self, targets: npt.NDArray[np.bool_], weights: Floats, penalty: float) -> Floats:
        """The F + G coefficients of each topic and, last, the intercepts: (F + G + 1, K).

        The loss is that of `LogisticRegression` with its default solver: half the squared coefficients, without the
        intercept, and C times the weighted log loss; `penalty` is C. targets and weights are (N, K).
        """
        found = least_loss(self._inner_products, targets, penalty * weights)
        return np.vstack([self._combined(found.weights.dual), found.intercepts])

    def scores(self, coefficients: Floats) -> Floats:
        """Raw scores (N, K) by coefficients and intercepts (F + G + 1, K)."""
        raw: Floats = self.words @ (self.features @ coefficients[:-1]) + coefficients[-1]
        return raw

    def _inner_products(self, dual: Floats) -> Floats:
        """`X X^T` times columns (N, K)."""
        values: Floats = (self.words @ (self.features @ self._combined(dual))).astype(np.float64)
        return values

    def _combined(self, dual: Floats) -> npt.NDArray[np.float32]:
        """The rows summed by columns of dual coefficients: (N, K) to (F + G, K)."""
        combined: npt.NDArray[np.float32] = self.features.T @ (self.words.T @ dual.astype(np.float32))
        return combined
