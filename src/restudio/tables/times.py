"""Dates and time spans as text, a column at a time: what the invariant .NET parser of the original reads.

Dates: year first (ISO 8601 and with slashes) or month first (``12/31/2020``), with an optional time of day, AM/PM and
zone, and the usual forms with month names. Time spans: ``[-][d.]hh:mm[:ss[.fffffff]]``. The seventh digit of a fraction
is dropped: tables hold microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import polars as pl

Cells: TypeAlias = pa.Array | pa.ChunkedArray

_TIME = (
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,7}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|z|[+-]\d{2}:?\d{2})?)?\s*$"
)
_DATES = (
    r"^\s*(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})" + _TIME,
    r"^\s*(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})" + _TIME,
)
_NAMED_MONTHS = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y")
_SPAN = (
    r"^\s*(?P<sign>-)?(?:(?P<day>\d{1,7})\.)?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,7}))?)?\s*$"
)
_LIKELY_DATE = r"^\s*(\d{1,4}[-/ ]\w+[-/ ]\d{1,4}|[A-Za-z]{3,9} \d{1,2},? \d{4})"


def parse_datetimes(texts: Cells, format: str | None = None) -> Cells | None:
    """Cells as timestamps in UTC; None when one is no date. ``format`` is a ``strftime`` form to demand instead."""
    import polars as pl

    if format is None and not _starts_like(texts, _LIKELY_DATE):
        return None
    column = pl.Series("t", texts)
    if format is not None:
        attempts = [pl.col("t").str.to_datetime(format, strict=False, time_unit="us")]
    else:
        attempts = [_numeric_date(pattern) for pattern in _DATES]
        attempts += [
            pl.col("t").str.strip_chars().str.to_datetime(f, strict=False, time_unit="us") for f in _NAMED_MONTHS
        ]
    parsed = column.to_frame().select(pl.coalesce(attempts).alias("t"))["t"]
    return None if parsed.null_count() != column.null_count() else _to_arrow(parsed, pa.timestamp("us"))


def parse_timespans(texts: Cells) -> Cells | None:
    """Cells as durations; None when one is no time span."""
    import polars as pl

    if not _starts_like(texts, _SPAN):
        return None

    column = pl.Series("t", texts)
    part = pl.col("t").str.extract_groups(_SPAN).struct
    number = {name: part.field(name).cast(pl.Int64) for name in ("day", "hour", "minute", "second")}
    number["second"] = number["second"].fill_null(0)
    seconds = ((number["day"].fill_null(0) * 24 + number["hour"]) * 60 + number["minute"]) * 60 + number["second"]
    size = seconds * 1_000_000 + _micros(part.field("fraction"))
    signed = pl.when(part.field("sign") == "-").then(-size).otherwise(size)
    in_range = (number["hour"] < 24) & (number["minute"] < 60) & (number["second"] < 60)
    parsed = column.to_frame().select(pl.when(in_range).then(signed).cast(pl.Duration("us")).alias("t"))["t"]
    return None if parsed.null_count() != column.null_count() else _to_arrow(parsed, pa.duration("us"))


def format_datetimes(values: Cells) -> Cells:
    """ISO 8601 without zone, with a fraction where there is one."""
    import polars as pl

    text = pl.Series("t", values).dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    return _to_arrow(text, pa.large_string())


def format_timespans(values: Cells) -> Cells:
    """``[-][d.]hh:mm:ss[.ffffff]``."""
    import polars as pl

    size = pl.col("t").abs()
    fraction = size % 1_000_000
    clock = [
        (size // unit % modulo).cast(pl.String).str.zfill(2)
        for unit, modulo in ((3_600_000_000, 24), (60_000_000, 60), (1_000_000, 60))
    ]
    days = size // 86_400_000_000
    text = pl.concat_str(
        pl.when(pl.col("t") < 0).then(pl.lit("-")).otherwise(pl.lit("")),
        pl.when(days > 0).then(days.cast(pl.String) + ".").otherwise(pl.lit("")),
        clock[0] + ":" + clock[1] + ":" + clock[2],
        pl.when(fraction > 0).then("." + fraction.cast(pl.String).str.zfill(6)).otherwise(pl.lit("")),
    )
    micros = pl.Series("t", values.cast(pa.int64()))
    return _to_arrow(micros.to_frame().select(text.alias("t"))["t"], pa.large_string())


def _numeric_date(pattern: str) -> pl.Expr:
    """The moments of the cells that match, the other cells missing."""
    import polars as pl

    part = pl.col("t").str.extract_groups(pattern).struct
    hour = part.field("hour").cast(pl.Int64).fill_null(0)
    half = part.field("half").str.to_uppercase()
    hour = pl.when(half == "PM").then(hour % 12 + 12).when(half == "AM").then(hour % 12).otherwise(hour)
    text = pl.concat_str(
        part.field("year"), pl.lit("-"), part.field("month").str.zfill(2), pl.lit("-"), part.field("day").str.zfill(2),
        pl.lit(" "), hour.cast(pl.String).str.zfill(2), pl.lit(":"), part.field("minute").fill_null("00"),
        pl.lit(":"), part.field("second").fill_null("00"),
    )  # fmt: skip
    moment = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    zone = part.field("zone").str.replace(":", "", literal=True)
    offset = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.slice(3, 2).cast(pl.Int64, strict=False)
    minutes = pl.when(zone.str.starts_with("-")).then(-offset).otherwise(offset).fill_null(0)
    return (
        moment
        + pl.duration(microseconds=_micros(part.field("fraction")), time_unit="us")
        - pl.duration(minutes=minutes, time_unit="us")
    )


def _starts_like(texts: Cells, pattern: str) -> bool:
    """Whether the first cell that is not missing matches; spares most text columns the costly attempt."""
    first = texts.drop_null().slice(0, 1)
    return bool(pc.all(pc.match_substring_regex(first, pattern), min_count=0).as_py())


def _micros(fraction: pl.Expr) -> pl.Expr:
    """Microseconds of the digits after the point, 0 where there are none."""
    import polars as pl

    return fraction.str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64).fill_null(0)


def _to_arrow(column: pl.Series, held: pa.DataType) -> pa.Array:
    return column.to_arrow().cast(held)
