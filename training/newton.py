"""Logistic regressions of several topics at once by Newton's method, on the rows' inner products alone.

The weights with the least loss are a sum of the rows, `w = X^T a` (the representer theorem), and so is every vector
that the search meets on its way from zero. Kept as N dual coefficients a topic and with its values on the rows,
`X w = (X X^T) a`, a vector costs nothing of the width of X, and one product with the matrix of inner products serves
every topic. Lin, Weng, Keerthi: Trust region Newton method for logistic regression (2008); Chapelle: Training a support
vector machine in the primal (2007).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Gram = Callable[[Floats], Floats]
"""`X X^T` times dual coefficients (N, K): their vectors' values on the rows (N, K)."""

_FLAT = 1e-6
"""The search ends where the loss is less steep than this part of its steepness at the start."""
_MOST_STEPS = 50
_MOST_PRODUCTS = 200
_MOST_HALVINGS = 30
_ENOUGH = 1e-4
"""A step is kept if the loss falls by this part of what its slope promises (Armijo's rule)."""


@dataclass(frozen=True)
class Vectors:
    """K vectors `X^T dual` of the width of X: `dual` (N, K) and their `values` on the rows, `X X^T dual` (N, K)."""

    dual: Floats
    values: Floats

    def plus(self, other: "Vectors", times: Floats) -> "Vectors":
        """These and the others `times` (K,)."""
        return Vectors(self.dual + times * other.dual, self.values + times * other.values)

    def dot(self, other: "Vectors") -> Floats:
        """Inner products (K,)."""
        return _dot(self.dual, other.values)


@dataclass(frozen=True)
class Solution:
    """Linear functions of K topics: the weights without the intercepts, and the intercepts (K,)."""

    weights: Vectors
    intercepts: Floats


def least_loss(gram: Gram, targets: Bools, costs: Floats) -> Solution:
    """The functions with the least `|w|^2 / 2 + sum of costs * log loss`, whose intercepts aren't penalised.

    targets and costs are (N, K); every topic needs a row with it and one without. A topic's numbers don't depend on
    the other topics but for rounding.
    """
    nothing = np.zeros(targets.shape)
    found, start = Solution(Vectors(nothing, nothing), np.zeros(targets.shape[1])), None
    for _ in range(_MOST_STEPS):
        share = expit(found.weights.values + found.intercepts)
        slope, bend = costs * (share - targets), costs * share * (1 - share)
        # The intercept's best answer to a change of the weights is known: conjugate gradients needn't look for it.
        dual = bend * (slope.sum(axis=0) / bend.sum(axis=0)) - slope - found.weights.dual
        residual = Vectors(dual, gram(dual))
        steepness = np.sqrt(residual.dot(residual) + slope.sum(axis=0) ** 2)
        start = steepness if start is None else start
        flat = steepness <= _FLAT * start
        if flat.all():
            break
        exactness = np.where(flat, 1.0, np.minimum(0.5, np.sqrt(steepness / np.where(flat, 1.0, start))))
        move = _newton_step(gram, bend, residual, exactness)
        shift = -(slope.sum(axis=0) + _dot(bend, move.values)) / bend.sum(axis=0)
        found = _improved(found, Solution(move, np.where(flat, 0.0, shift)), targets, costs)
    return found


def _newton_step(gram: Gram, bend: Floats, residual: Vectors, exactness: Floats) -> Vectors:
    """The change of weights that leaves `exactness` (K,) of the residual, by conjugate gradients.

    bend (N, K) is the log loss's second derivative by the rows' values; the intercept is always at its best.
    """
    found, direction, size = Vectors(0 * bend, 0 * bend), residual, residual.dot(residual)
    goal, mean = exactness**2 * size, bend / bend.sum(axis=0)
    for _ in range(_MOST_PRODUCTS):
        live = size > goal
        if not live.any():
            break
        curved = direction.dual + bend * (direction.values - _dot(mean, direction.values))
        length = _ratio(size, _dot(direction.values, curved), live)
        found = found.plus(direction, length)
        dual = residual.dual - length * curved
        residual, before = Vectors(dual, gram(dual)), size
        size = np.where(live, residual.dot(residual), size)
        direction = residual.plus(direction, _ratio(size, before, live))
    return found


def _improved(found: Solution, move: Solution, targets: Bools, costs: Floats) -> Solution:
    """The functions after the move, which is halved for a topic until it lowers the loss."""
    sign = np.where(targets, -1.0, 1.0)
    values, change = found.weights.values + found.intercepts, move.weights.values + move.intercepts
    along, square = found.weights.dot(move.weights), move.weights.dot(move.weights)
    before = _dot(costs, np.logaddexp(0, sign * values))
    slope = along + _dot(costs * sign * expit(sign * values), change)
    step = np.ones(len(along))
    for _ in range(_MOST_HALVINGS):
        after = _dot(costs, np.logaddexp(0, sign * (values + step * change))) + step * along + step**2 * square / 2
        worse = after > before + _ENOUGH * step * slope
        if not worse.any():
            break
        step[worse] /= 2
    return Solution(found.weights.plus(move.weights, step), found.intercepts + step * move.intercepts)


def _dot(one: Floats, other: Floats) -> Floats:
    """Inner products of columns: (N, K) and (N, K) to (K,)."""
    products: Floats = np.einsum("nk,nk->k", one, other)
    return products


def _ratio(upper: Floats, lower: Floats, where: Bools) -> Floats:
    """`upper / lower`, 0 elsewhere."""
    return np.divide(upper, lower, out=np.zeros(len(upper)), where=where)
