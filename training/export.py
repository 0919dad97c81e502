"""A fitted model as a stock scikit-learn pipeline in a joblib file, for notebooks.

The file is a pickle: opening one runs what it says, so open only files you made. The service never reads it. Opening
takes scikit-learn and joblib but nothing of Rasid: its few functions that turn a text into features lie in the file as
compiled code, along with the name of the folder it was installed in. So the file needs the Python minor version and, as
every pickled estimator, the scikit-learn minor version that wrote it; `pipeline.versions` names both.

    pipeline = joblib.load("rasid.joblib")
    pipeline.predict_proba(texts)   # (N, K), `Tagger.scores` of each text; columns as in pipeline.topic_ids
    pipeline.predict(texts)         # (N, K) of 0 and 1: the score is at or above pipeline.thresholds

Each text is one passage. `Tagger.tag` also slices articles and gives no topic to a passage of fewer than three words or
of mostly other letters than Arabic; the pipeline does neither.
"""

import math
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from types import MethodType, ModuleType, SimpleNamespace

import cloudpickle
import joblib
import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from app.tagger import Tagger, features, lexicon, normalise
from app.tagger.bundle import Bundle
from app.tagger.features import AdditiveModel, NgramRange, ngrams_of
from app.tagger.lexicon import Lexicon
from app.tagger.normalise import Normaliser, raw_words_list
from app.tagger.score import Floats
from training.output import write_output

_COMPRESSION = 3
"""joblib's advice: beyond it files get hardly smaller, only slower to write."""


def export_joblib(tagger: Tagger, path: Path) -> None:
    """Write the tagger's model to `path` as a scikit-learn pipeline that `joblib.load` opens without Rasid.

    The file is there whole or not at all; one that is there already is replaced. Raises `InputError` if it can't be
    written.
    """
    content = BytesIO()
    with _pickled_by_value(features, lexicon, normalise, sys.modules[__name__]):
        joblib.dump(_pipeline_of(tagger), content, compress=_COMPRESSION)
    write_output(path, content.getvalue())


def _pipeline_of(tagger: Tagger) -> Pipeline:
    """The tagger's model in three steps: texts -> named features -> matrix (N, F) -> scores and decisions (N, K).

    A feature is a known word, an n-gram (of unseen words only, as in `Tagger`) or a group of phrases; its weight is its
    share in a topic's raw score times the topic's calibration slope.
    """
    bundle = tagger.bundle
    weights = _weights(bundle.model)
    vectorizer = DictVectorizer(sort=False).fit([dict.fromkeys(_feature_names(bundle.model), 1.0)])
    # The wrapper keeps the function's code with it when the opened pipeline is pickled or copied again.
    passage_features = joblib.wrap_non_picklable_objects(_passage_features(bundle), keep_wrapper=True)
    pipeline = Pipeline(
        [
            ("words", FunctionTransformer(passage_features)),
            ("features", vectorizer),
            ("topics", _topics_classifier(bundle, weights)),
        ]
    )
    pipeline.topic_ids = [topic.id for topic in bundle.topics]
    pipeline.thresholds = np.array(bundle.thresholds)
    pipeline.versions = {name: version(name) for name in ("scikit-learn", "numpy", "scipy", "joblib", "cloudpickle")}
    pipeline.versions |= {"python": platform.python_version(), "model": tagger.version}
    return pipeline


@dataclass(frozen=True, eq=False, repr=False)
class PassageFeatures:
    """Turns passages into named features over their norm: `x(passage)` of `app.tagger.features`, without its columns.

    Holds tables and functions only, no class that imports more than the standard library, so that it can be pickled
    with its code. `squared_lengths` is `|phi|^2` of each known word.
    """

    normal_form: Callable[[str], str]
    squared_lengths: Mapping[str, float]
    ngram_idf: Mapping[str, float]
    ngram_range: NgramRange
    lexicon: Lexicon

    def __call__(self, texts: Iterable[str]) -> list[dict[str, float]]:
        """The features of each text by name. Raises `ValueError` for one text instead of several."""
        if isinstance(texts, str):
            raise ValueError("one text was given: give a list of texts")
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> dict[str, float]:
        sequence = [form for spelling in raw_words_list(text) for form in self.normal_form(spelling).split()]
        found: dict[str, float] = {}
        squared_norm = 0.0
        for form, count in Counter(sequence).items():
            gain = 1.0 + math.log(count)
            if form in self.squared_lengths:
                found[f"word={form}"] = gain
                squared_norm += gain * gain * self.squared_lengths[form]
            else:
                for name, value in self._ngrams(form).items():
                    found[name] = found.get(name, 0.0) + gain * value
                    squared_norm += gain * gain * value * value
        norm = math.sqrt(squared_norm) or 1.0
        return {name: value / norm for name, value in found.items()} | {
            f"phrases={group}": 1.0 for group in self.lexicon.places(sequence)
        }

    def _ngrams(self, form: str) -> dict[str, float]:
        """The idf-weighted n-grams of a word unseen in training, by feature name."""
        counts = ngrams_of(form, self.ngram_range)
        return {
            f"ngram={gram}": count * self.ngram_idf[gram] for gram, count in counts.items() if gram in self.ngram_idf
        }


def _passage_features(bundle: Bundle) -> PassageFeatures:
    model = bundle.model
    lengths, idf = np.asarray(model.word_rows)[:, -1].tolist(), np.asarray(model.ngram_idf).tolist()
    # `Normaliser.word` on its table alone: the class would bring pyarabic into the file.
    tables = SimpleNamespace(_second_pass=Normaliser(bundle.folding)._second_pass)
    return PassageFeatures(
        normal_form=MethodType(Normaliser.word, tables),
        squared_lengths={word: lengths[row] for word, row in model.words.items()},
        ngram_idf={gram: idf[row] for gram, row in model.ngrams.items()},
        ngram_range=model.lengths,
        lexicon=model.lexicon,
    )


def _feature_names(model: AdditiveModel) -> Iterator[str]:
    """The names of the F features in the order of `_weights`' rows."""
    yield from (f"word={word}" for word in sorted(model.words, key=model.words.__getitem__))
    yield from (f"ngram={gram}" for gram in sorted(model.ngrams, key=model.ngrams.__getitem__))
    yield from (f"phrases={group}" for group in range(model.lexicon.groups))


def _weights(model: AdditiveModel) -> Floats:
    """Weights (F, K) in double precision: the shares that serve times the calibration's slopes."""
    parts = (np.asarray(model.word_rows)[:, :-1], model.ngram_weights, model.phrase_shares)
    weights: Floats = np.vstack([np.asarray(part).astype(np.float64) for part in parts]) * np.array(model.slopes)
    return weights


def _topics_classifier(bundle: Bundle, weights: Floats) -> ClassifierChain:
    """The chain without links: each topic's logistic regression behind its threshold, zero weight on other topics.

    Of scikit-learn's multi-label classifiers only the chain asks each topic's classifier in `predict` (one-vs-rest
    decides at 0.5 whatever the threshold) and gives `predict_proba` as one array. It is fitted on two empty passages,
    so that scikit-learn sets up its own state, and gets its numbers afterwards.
    """
    topics = weights.shape[1]
    either = np.repeat([[0], [1]], topics, axis=1)
    one = FixedThresholdClassifier(LogisticRegression(), response_method="predict_proba")
    chain = ClassifierChain(one).fit(sp.csr_matrix((2, len(weights))), either)
    model = bundle.model
    intercepts = np.array(model.slopes) * model.intercepts + model.offsets
    for k, classifier in enumerate(chain.estimators_):
        classifier.threshold = float(bundle.thresholds[k])
        classifier.estimator_.coef_ = np.concatenate([weights[:, k], np.zeros(k)])[np.newaxis]
        classifier.estimator_.intercept_ = intercepts[k : k + 1].astype(np.float64)
    return chain


@contextmanager
def _pickled_by_value(*modules: ModuleType) -> Iterator[None]:
    """Within, what `modules` define is pickled as code, not as a name to import."""
    with ExitStack() as undo:
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
            undo.callback(cloudpickle.unregister_pickle_by_value, module)
        yield
