"""A measurement as one HTML page that needs nothing but itself: no script, no other file, no host."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.bootstrap import Interval
from training.measurement import Measurement
from training.plots import calibration_svg, scores_svg, topics_svg

MOST_CONFUSIONS = 20
MOST_SUSPECTS = 50


def report_page(measurement: Measurement) -> str:
    """The page, Arabic first and English beside it, for a phone, a screen and paper; holds no passage's text."""
    environment = Environment(
        loader=PackageLoader("training"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, interval=_interval, image=_image)
    evaluation, intervals = measurement.evaluation, measurement.intervals
    return environment.get_template("report.html").render(
        measurement=measurement,
        evaluation=evaluation,
        intervals=intervals,
        by_topic=list(zip(measurement.topics, evaluation.topics, intervals.topics, strict=True)),
        topic_of={topic.id: topic for topic in measurement.topics},
        confusions=measurement.confusions[:MOST_CONFUSIONS],
        suspects=measurement.suspects[:MOST_SUSPECTS],
        plots={
            "topics": topics_svg(evaluation, intervals),
            "calibration": calibration_svg(measurement.calibration),
            "scores": scores_svg(measurement.histogram),
        },
    )


def _number(value: float) -> str:
    return "\u2013" if value != value else f"{value:.3f}"


def _interval(interval: Interval) -> str:
    return "" if interval.low != interval.low else f"{interval.low:.3f}\u2013{interval.high:.3f}"


def _image(svg: str) -> str:
    """A drawing as a data URI: its ids and styles then can't meet those of the page or of another drawing."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
