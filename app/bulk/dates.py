"""Dates as archives write them -> days, weeks, months, years."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

Period = Literal["week", "month", "year"]
_DATE = re.compile(r"\s*(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?|(\d{2})(\d{2}))(?!\d)")
_WEEKS_AT_MOST, _YEARS_AT_MOST = 40, 12
_DAYS_A_WEEK, _DAYS_A_YEAR = 7, 365


def day_of(written: str | None) -> date | None:
    """The day that a text begins with, as YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD; of YYYY-MM the first; else None.

    >>> day_of("2014-06-29T10:00:00Z"), day_of("٢٠١٤/٦")
    (datetime.date(2014, 6, 29), datetime.date(2014, 6, 1))
    """
    found = _DATE.match(written or "")
    if not found:
        return None
    year, _, month, day, short_month, short_day = found.groups()
    try:
        return date(int(year), int(month or short_month), int(day or short_day or 1))
    except ValueError:
        return None


def fitting_period(days: Sequence[date]) -> Period:
    """Weeks for less than a year, months for some years, else years."""
    span = (max(days) - min(days)).days if days else 0
    if span <= _WEEKS_AT_MOST * _DAYS_A_WEEK:
        return "week"
    return "month" if span <= _YEARS_AT_MOST * _DAYS_A_YEAR else "year"


def period_start(day: date, period: Period) -> date:
    """The first day of the week (Monday), month or year that `day` is in."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day.replace(month=1, day=1)


def next_start(start: date, period: Period) -> date:
    """The first day of the period after the one that begins with `start`."""
    if period == "week":
        return start + timedelta(days=_DAYS_A_WEEK)
    return period_start(start + timedelta(days=31 if period == "month" else 366), period)


def period_name(start: date, period: Period) -> str:
    """As people write it: 2014-06-23 for a week by its Monday, 2014-06, 2014."""
    return {"week": f"{start:%Y-%m-%d}", "month": f"{start:%Y-%m}", "year": f"{start:%Y}"}[period]
