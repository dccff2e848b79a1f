"""Made flights from April to October and the hourly weather at their airports, with the columns of the on-time and
weather data of the original sample.

    python flights.py FOLDER

Whether a flight arrives 15 minutes late depends on wind and rain where it starts and lands, on the hour and on the
carrier, and on chance: ``probability`` gives the true odds, hence the best area under the curve there is. The
columns that tell the delay itself are in the file, as in the original, and have to be left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

AIRPORTS = (10397, 11298, 12266, 12892, 13930, 14771)
CARRIERS = {"AA": 0.1, "DL": -0.2, "UA": 0.2, "WN": 0.0}
MONTHS = range(4, 11)
DAYS = 30


def make(rows: int = 6000, seed: int = 2013) -> dict[str, pl.DataFrame]:
    """File name → table."""
    sky = weather(seed)
    table = flights(sky, rows, seed)
    return {"flights.csv": table.drop("probability"), "weather.csv": sky}


def weather(seed: int) -> pl.DataFrame:
    """One row for every airport and hour; the visibility is missing here and there, marked M."""
    random = np.random.default_rng(seed)
    hours = pl.DataFrame({"AirportID": AIRPORTS}).join(pl.DataFrame({"AdjustedMonth": list(MONTHS)}), how="cross")
    hours = hours.join(pl.DataFrame({"AdjustedDay": list(range(1, DAYS + 1))}), how="cross")
    hours = hours.join(pl.DataFrame({"AdjustedHour": list(range(5, 23))}), how="cross")
    rows = len(hours)
    storm = random.random(rows) < 0.12
    visibility = np.where(storm, random.uniform(0.5, 4, rows), 10).round(1)
    texts = np.where(random.random(rows) < 0.01, "M", visibility.astype(str))
    return hours.with_columns(
        Visibility=pl.Series(texts),
        DryBulbCelsius=pl.Series(random.normal(20, 7, rows).round(1)),
        RelativeHumidity=pl.Series(np.where(storm, 92, random.integers(30, 80, rows))),
        WindSpeed=pl.Series(np.where(storm, random.integers(15, 36, rows), random.integers(0, 15, rows))),
        HourlyPrecip=pl.Series(np.where(storm, random.exponential(0.2, rows), 0.0).round(2)),
    )


def flights(sky: pl.DataFrame, rows: int = 6000, seed: int = 2013) -> pl.DataFrame:
    """The flights with the true ``probability`` of a delay."""
    random = np.random.default_rng(seed + 1)
    start, step = random.integers(len(AIRPORTS), size=rows), random.integers(1, len(AIRPORTS), rows)
    hour, carrier = random.integers(5, 23, rows), random.choice(list(CARRIERS), rows)
    airports = np.array(AIRPORTS)
    table = pl.DataFrame(
        {
            "Year": np.full(rows, 2013),
            "Month": random.integers(MONTHS.start, MONTHS.stop, rows),
            "DayofMonth": random.integers(1, DAYS + 1, rows),
            "DayOfWeek": random.integers(1, 8, rows),
            "Carrier": carrier,
            "OriginAirportID": airports[start],
            "DestAirportID": airports[(start + step) % len(AIRPORTS)],
            "CRSDepTime": hour * 100 + random.integers(0, 60, rows),
        }
    )
    odds = -2.6 + 0.09 * (hour - 13) + np.array([CARRIERS[name] for name in carrier])
    for airport in ("OriginAirportID", "DestAirportID"):
        found = table.with_columns(pl.Series("AdjustedHour", hour)).join(
            sky,
            how="left",
            left_on=[airport, "Month", "DayofMonth", "AdjustedHour"],
            right_on=["AirportID", "AdjustedMonth", "AdjustedDay", "AdjustedHour"],
            maintain_order="left",
        )
        odds += 0.09 * (found["WindSpeed"].to_numpy() - 8) + 2.0 * (found["HourlyPrecip"].to_numpy() > 0)
    probability = 1 / (1 + np.exp(-odds))
    late = random.random(rows) < probability
    delay = np.where(late, random.integers(15, 120, rows), random.integers(-15, 15, rows))
    return table.with_columns(
        DepDelay=pl.Series(delay - random.integers(0, 10, rows)),
        ArrDelay=pl.Series(delay),
        ArrDel15=pl.Series(late.astype(np.int64)),
        Cancelled=pl.Series(np.zeros(rows, np.int64)),
        probability=pl.Series(probability),
    )


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)
