from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

class UnfitModelError(Exception): ...

def all_finite(data: memoryview, size: int) -> bool: ...

class Ngrams:
    def __init__(
        self, lines: str, idf: memoryview, halves: memoryview, topics: int, shortest: int, longest: int
    ) -> None: ...

class Phrases:
    words: tuple[str, ...]
    def __init__(
        self, phrases: Sequence[tuple[tuple[str, ...], int]], proclitics: Sequence[str], groups: int
    ) -> None: ...

class Reader:
    def __init__(
        self,
        in_words: str,
        normal_forms: dict[str, str],
        normalised: Callable[[str], str],
        ngrams: Ngrams,
        phrases: Phrases,
    ) -> None: ...

class Weights:
    def __init__(
        self,
        rows: memoryview,
        shares: memoryview,
        intercepts: Sequence[float],
        slopes: Sequence[float],
        offsets: Sequence[float],
    ) -> None: ...

class Kernel:
    def __init__(
        self,
        words: str,
        reader: Reader,
        weights: Weights,
        phrases: Sequence[tuple[tuple[str, ...], int]],
        cached: int,
        kept: int,
    ) -> None: ...
    def score(self, text: str) -> tuple[list[float], list[float], int, int, int, int]: ...
    def score_many(self, texts: list[str], scores: npt.NDArray[np.float64], facts: npt.NDArray[np.int32]) -> None: ...
    def explain(self, text: str, topics: list[int]) -> tuple[list[int], list[int], list[list[float]]]: ...
