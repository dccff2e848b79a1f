"""Prices of cars: the documented cleaning and result, and both regressions against the libraries."""

from __future__ import annotations

from statistics import median
from typing import cast

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder
from tests.acceptance.examples.conftest import Plays
from tests.acceptance.examples.played import SHARED, coded, first_part, trees
from tests.unit.modules.everything import execute

from restudio.tables.table import Table

CHOSEN = ["make", "body-style", "wheel-base", "engine-size", "horsepower", "peak-rpm", "highway-mpg"]
PRICE = "price"
DOCUMENTED = 0.88
SEEDS = range(20)


def cleaned(cars: pl.DataFrame) -> pl.DataFrame:
    return cars.drop("normalized-losses").drop_nulls()


def ridge(cars: pl.DataFrame, names: list[str], first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and prices of the rows that are not learned: indicators of texts beside numbers, penalty 0.001."""
    texts = [n for n in names if cars[n].dtype == pl.String]
    numbers = [n for n in names if n not in texts]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(cars.filter(first)[texts].to_numpy())
    matrix = np.hstack([encoder.transform(cars[texts].to_numpy()), cars[numbers].to_numpy().astype(float)])
    price = cars[PRICE].to_numpy().astype(float)
    # Centred numbers leave the solution as it is and keep the digits of the library.
    matrix -= matrix[first].mean(axis=0)
    model = Ridge(alpha=0.001, solver="svd").fit(matrix[first], price[first])
    return model.predict(matrix[~first]), price[~first]


def determination(found: np.ndarray, truth: np.ndarray) -> float:
    return float(1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def test_automobile_price_equals_scikit_learn(plays: Plays) -> None:
    played = plays("automobile-price")
    cars = cleaned(played.data("automobile.csv"))
    assert len(cars) == played.output("clean", "Cleaned dataset").height == 193
    found, truth = ridge(cars, CHOSEN, first_part(193, 0.75, 3))
    scored = played.output("score", "Scored dataset")
    assert scored[PRICE].to_list() == truth.tolist()
    np.testing.assert_allclose(scored["Scored Labels"].to_numpy(), found, rtol=1e-9)
    assert played.metrics["Coefficient of Determination"] == pytest.approx(determination(found, truth), abs=1e-9)
    assert played.metrics["Mean Absolute Error"] == pytest.approx(np.abs(found - truth).mean(), rel=1e-9)


def test_automobile_price_reaches_the_documented_determination() -> None:
    if not (SHARED / "imports-85.data").exists():
        pytest.skip("../shared/data/imports-85.data is absent")
    from examples.data.automobile import make

    cars = Table.from_polars(make(SHARED)["automobile.csv"])
    rest = execute("select-columns-in-dataset", cars, **{"Select columns": every_column_but("normalized-losses")})
    whole, _ = cast("tuple[Table, object]", execute("clean-missing-data", rest, Cleaning_mode="Remove entire row"))
    chosen = execute("select-columns-in-dataset", whole, **{"Select columns": [{"ColumnNames": [*CHOSEN, PRICE]}]})
    found = []
    for seed in SEEDS:
        first, second = cast(
            "tuple[Table, Table]",
            execute(
                "split-data", chosen, **{"Fraction of rows in the first output dataset": 0.75, "Random seed": seed}
            ),
        )
        model = execute("train-model", execute("linear-regression"), first, Label_column=PRICE)
        result = cast("Table", execute("evaluate-model", execute("score-model", model, second), None))
        found.append(result.data["Coefficient of Determination"][0].as_py())
    assert median(found) >= DOCUMENTED


def every_column_but(name: str) -> list[object]:
    return ["AllColumns", {"exclude": True, "ColumnNames": [name]}]


def test_compared_regressors_equal_the_libraries(plays: Plays) -> None:
    played = plays("compare-regressors")
    rows = {str(row["Learner"]): row for row in played.shown("comparison / Combined dataset")}
    assert len(rows) == 6
    assert all(row["Coefficient of Determination"] > 0.8 for row in rows.values())
    cars = cleaned(played.data("automobile.csv"))
    first = first_part(193, 0.75, 3)
    names = [name for name in cars.columns if name != PRICE]
    found, truth = ridge(cars, names, first)
    assert rows["Linear"]["Coefficient of Determination"] == pytest.approx(determination(found, truth), abs=1e-9)
    matrix, texts = coded(cars.select(names), first)
    booster = trees(matrix[first], cars[PRICE].to_numpy()[first], categorical=texts, objective="regression")
    found = np.asarray(booster.predict(matrix[~first]))
    assert rows["Boosted trees"]["Coefficient of Determination"] == pytest.approx(determination(found, truth), abs=1e-9)
    np.testing.assert_allclose(
        played.output("score trees", "Scored dataset")["Scored Labels"].to_numpy(), found, rtol=1e-9
    )
