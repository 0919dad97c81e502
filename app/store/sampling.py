"""Which passages are worth a reader's time: where the model is unsure, and unlike those already read."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def spread_order(profiles: Sequence[Mapping[str, float]], seen: Sequence[Mapping[str, float]]) -> list[int]:
    """The places of `profiles`, the one farthest from all `seen` first; ties keep their order.

    A profile is a passage's scores by topic; the distance of two is 1 - the cosine of their scores. Where nothing was
    seen the order stays. Greedy as in k-centre: Sener and Savarese, Active learning for CNNs: a core-set approach.
    """
    if not seen or not profiles:
        return list(range(len(profiles)))
    topics = sorted({topic for profile in (*profiles, *seen) for topic in profile})
    near = (_unit(profiles, topics) @ _unit(seen, topics).T).max(axis=1)
    return [int(place) for place in np.argsort(near, kind="stable")]


def _unit(profiles: Sequence[Mapping[str, float]], topics: Sequence[str]) -> Floats:
    """Profiles as rows (P, K) of length 1; a profile of nothing stays 0."""
    rows = np.array([[profile.get(topic, 0.0) for topic in topics] for profile in profiles], dtype=np.float64)
    lengths: Floats = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    unit: Floats = rows / lengths
    return unit
