"""ONNX Runtime on a scikit-learn pipeline that skl2onnx converted.

skl2onnx has no `char_wb`, and its sublinear tf is ln(1 + tf) instead of 1 + ln(tf): so words alone, with plain tf. The
pattern is scikit-learn's own in the words of RE2. Lower case would need a locale of the machine, and Arabic letters
have one case only.
"""

from collections.abc import Sequence

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from app.tagger.types import Topic
from tests.benchmarks.peers.peer import Fitted, Floats, Scorer, always
from training import LabelledData

_BLOCK = 32
"""Texts a run: its features are a dense array, so that large blocks are slower again."""


def fit(data: LabelledData, topics: Sequence[Topic]) -> Fitted:
    """Fit the pipeline, convert it, and open it on one thread."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), lowercase=False, min_df=2)
    pipeline = make_pipeline(vectorizer, OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear")))
    pipeline.fit(data.texts, data.targets(topics))
    converted = to_onnx(
        pipeline,
        initial_types=[("texts", StringTensorType([None, 1]))],
        options={id(vectorizer): {"tokenexp": r"[\p{L}\p{N}_]{2,}"}, id(pipeline): {"zipmap": False}},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(converted.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def many(texts: list[str]) -> Floats:
        blocks = (texts[start : start + _BLOCK] for start in range(0, len(texts), _BLOCK))
        columns = (np.array(block, dtype=object)[:, None] for block in blocks)
        return np.vstack([session.run(["probabilities"], {"texts": column})[0] for column in columns])

    return Fitted("ONNX Runtime of words 1-2", always(Scorer(many, lambda text: many([text])[0])))
