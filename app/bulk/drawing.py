"""A topic's course as an inline SVG that scales with the page and needs no fonts of its own."""

from collections.abc import Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT = 320, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 8, 10, 20
_MOST_LABELS = 4
_STEPS = (1, 2, 3, 5)


def course_svg(shares: Sequence[float | None], names: Sequence[str], label: str) -> Markup:
    """A line through the shares (0..1) of periods called `names`, left to right, with gaps where there is none."""
    top = _round_above(max((share for share in shares if share is not None), default=0.0))
    across = _WIDTH - _LEFT - _RIGHT
    down = _HEIGHT - _TOP - _BOTTOM

    def x(place: int) -> float:
        return _LEFT + (across * place / (len(shares) - 1) if len(shares) > 1 else across / 2)

    def y(share: float) -> float:
        return _TOP + down * (1 - share / top)

    parts = [
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>'
        f'<text x="{_LEFT - 4}" y="{y(level) + 3.5:.1f}" text-anchor="end">{_percent(level)}</text>'
        for level in (0.0, top / 2, top)
    ]
    parts += [_run(run, [f"{x(place):.1f},{y(shares[place] or 0.0):.1f}" for place in run]) for run in _runs(shares)]
    for place in _labelled(len(names)):
        anchor = "start" if place == 0 else "end" if place == len(names) - 1 else "middle"
        anchor = "middle" if len(names) == 1 else anchor
        parts.append(f'<text x="{x(place):.1f}" y="{_HEIGHT - 5}" text-anchor="{anchor}">{names[place]}</text>')
    opening = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" direction="ltr">')
    # The parts hold numbers and names of periods only.
    return opening.format(_WIDTH, _HEIGHT, label) + Markup("".join(parts) + "</svg>")  # noqa: S704


def _run(run: Sequence[int], points: Sequence[str]) -> str:
    if len(run) == 1:
        across, down = points[0].split(",")
        return f'<circle class="dot" cx="{across}" cy="{down}" r="2"/>'
    return f'<polyline class="course" points="{" ".join(points)}"/>'


def _runs(shares: Sequence[float | None]) -> list[list[int]]:
    """The places of shares that follow each other without a gap."""
    runs: list[list[int]] = [[]]
    for place, share in enumerate(shares):
        if share is not None:
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _labelled(size: int) -> list[int]:
    """The places whose names are written: first, last and some between."""
    wanted = min(size, _MOST_LABELS)
    return sorted({round(number * (size - 1) / max(1, wanted - 1)) for number in range(wanted)})


def _round_above(share: float) -> float:
    """The least 1, 2, 3 or 5 times a power of ten that isn't below a share."""
    for power in range(-4, 0):
        for step in _STEPS:
            level = step * 10.0**power
            if share <= level * (1 + 1e-9):
                return level
    return 1.0


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
