"""Hugging Face tokenizers, a compiled byte-pair encoding trained on the rows, then tf-idf in SciPy."""

import os
from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from app.tagger.types import Topic
from tests.benchmarks.peers.peer import Fitted, Floats, Scorer, always
from training import LabelledData

_VOCABULARY = 16_000


def fit(data: LabelledData, topics: Sequence[Topic]) -> Fitted:
    """Train the encoding and one logistic regression a topic."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.StripAccents()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(data.texts, trainers.BpeTrainer(vocab_size=_VOCABULARY, show_progress=False))
    width = tokenizer.get_vocab_size()
    counts = _gains(tokenizer, data.texts, width)
    frequency = np.bincount(counts.indices, minlength=width)
    idf = np.log((1 + len(data.rows)) / (1 + frequency)) + 1
    classifier = OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear"))
    classifier.fit(_weighted(counts, idf), data.targets(topics))
    weights = np.ascontiguousarray(np.vstack([one.coef_[0] for one in classifier.estimators_]).T)
    intercepts = np.array([one.intercept_[0] for one in classifier.estimators_])

    def many(texts: list[str]) -> Floats:
        scores: Floats = expit(_weighted(_gains(tokenizer, texts, width), idf) @ weights + intercepts)
        return scores

    return Fitted("HF tokenizers (BPE) and SciPy", always(Scorer(many, lambda text: many([text])[0])))


def _gains(tokenizer: Tokenizer, texts: Sequence[str], width: int) -> sp.csr_matrix:
    """`1 + ln tf` of every token (N, width)."""
    tokens = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    starts = np.cumsum([0, *map(len, tokens)])
    columns = np.fromiter(chain.from_iterable(tokens), dtype=np.int32, count=starts[-1])
    matrix = sp.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(tokens), width))
    matrix.sum_duplicates()
    matrix.data = 1 + np.log(matrix.data)
    return matrix


def _weighted(gains: sp.csr_matrix, idf: npt.NDArray[np.float64]) -> sp.csr_matrix:
    """The gains times idf, each row of length 1."""
    values = gains.data * idf[gains.indices]
    rows = np.repeat(np.arange(gains.shape[0]), np.diff(gains.indptr))
    norms = np.sqrt(np.bincount(rows, values * values, minlength=gains.shape[0]))
    return sp.csr_matrix((values / norms[rows], gains.indices, gains.indptr), shape=gains.shape)
