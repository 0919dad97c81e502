"""A measurement's plots as SVG text: equal numbers give equal bytes.

Text stays text in the SVG, in the reader's own sans-serif. Topics are named by their ids, since matplotlib doesn't join
Arabic letters.
"""

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from training.bootstrap import Intervals
from training.metrics import Evaluation, ScoreBin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES = 4.2
_INK, _MARK, _FAINT = "#1f2933", "#0b5fa5", "#8a97a6"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rasid",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def calibration_svg(bins: Sequence[ScoreBin]) -> str:
    """Share of rows that have the topic against mean score, with the number of scores in each bin."""
    with _styled():
        figure = _figure(3.8)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1, linestyle="--")
        axes.plot([found.mean_score for found in bins], [found.share for found in bins], "o-", color=_MARK)
        for found in bins:
            over = found.share < 0.93
            axes.annotate(
                f"{found.count:,}",
                (found.mean_score, found.share),
                xytext=(0, 6 if over else -13),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
            )
        axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xlabel="mean score", ylabel="share with the topic")
        return _svg(figure)


def topics_svg(evaluation: Evaluation, intervals: Intervals) -> str:
    """Each topic's F1 with its interval, the best on top."""
    pairs = sorted(zip(evaluation.topics, intervals.topics, strict=True), key=lambda pair: (pair[0].f1, pair[0].topic))
    with _styled():
        figure = _figure(0.7 + 0.24 * len(pairs))
        axes = figure.subplots()
        for place, (found, around) in enumerate(pairs):
            axes.plot([around.f1.low, around.f1.high], [place, place], color=_MARK, linewidth=1.5)
            axes.plot(found.f1, place, "o", color=_MARK, markersize=5)
        # A dollar sign in an id would begin a formula.
        axes.set_yticks(range(len(pairs)), [found.topic.replace("$", r"\$") for found, _ in pairs], fontsize=8)
        axes.set(xlim=(0, 1), ylim=(-0.7, len(pairs) - 0.3), xlabel="F1, 95 % interval")
        axes.grid(axis="x", color="#e3e8ee")
        return _svg(figure)


def scores_svg(bins: Sequence[ScoreBin]) -> str:
    """How many scores lie where, of rows with and without the topic, on a logarithmic scale."""
    with _styled():
        figure = _figure(2.9)
        axes = figure.subplots()
        without = [found.count - found.positives for found in bins]
        _steps(axes, bins, without, _FAINT, "without the topic")
        _steps(axes, bins, [found.positives for found in bins], _MARK, "with the topic")
        axes.set_yscale("symlog", linthresh=1)
        axes.set(xlim=(0, 1), ylim=(0, None), xlabel="score", ylabel="scores")
        figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=8)
        return _svg(figure)


def _steps(axes: "Axes", bins: Sequence[ScoreBin], counts: Sequence[int], colour: str, label: str) -> None:
    axes.bar(
        [found.low for found in bins],
        counts,
        width=[found.high - found.low for found in bins],
        align="edge",
        color=colour,
        alpha=0.55,
        edgecolor=colour,
        label=label,
    )


def _styled() -> AbstractContextManager[None]:
    """matplotlib is imported when a plot is drawn, so that commands that draw none start quickly."""
    from matplotlib import rc_context

    return rc_context(_STYLE)


def _figure(height_inches: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")


def _svg(figure: "Figure") -> str:
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = content.getvalue()
    return drawn[drawn.index("<svg") :]
