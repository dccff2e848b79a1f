"""Late flights and leaving customers: near the best area that the made odds allow."""

from __future__ import annotations

import polars as pl
import pytest
from examples.data import customers, flights
from sklearn.metrics import recall_score, roc_auc_score
from tests.acceptance.examples.conftest import Plays
from tests.acceptance.examples.played import stratified

NEAR = 0.03


def test_late_flights_are_told_nearly_as_well_as_by_the_true_odds(plays: Plays) -> None:
    played = plays("flight-delay")
    truth = flights.flights(flights.weather(2013))
    october = truth.filter(pl.col("Month") == 10)
    scored = played.output("score trees", "Scored dataset")
    assert scored["ArrDel15"].to_list() == october["ArrDel15"].to_list()
    best = roc_auc_score(october["ArrDel15"], october["probability"])
    for row in played.shown("evaluate / Evaluation results"):
        assert row["AUC"] >= best - NEAR
    found = roc_auc_score(scored["ArrDel15"], scored["Scored Probabilities"])
    assert played.metrics["AUC"] == pytest.approx(found, abs=1e-9)


def test_each_flight_meets_the_weather_of_its_hour_at_both_ends(plays: Plays) -> None:
    played = plays("flight-delay")
    joined = played.output("at the destination", "Results dataset")
    sky = played.data("weather.csv")
    flown = played.data("flights.csv").with_columns(AdjustedHour=pl.col("CRSDepTime") // 100)
    for airport, column in (("OriginAirportID", "WindSpeed"), ("DestAirportID", "WindSpeed (1)")):
        expected = flown.join(
            sky,
            how="left",
            left_on=[airport, "Month", "DayofMonth", "AdjustedHour"],
            right_on=["AirportID", "AdjustedMonth", "AdjustedDay", "AdjustedHour"],
            maintain_order="left",
        )
        assert joined[column].to_list() == expected["WindSpeed"].to_list()


def test_smote_finds_more_of_those_who_leave(plays: Plays) -> None:
    played = plays("customer-churn")
    samples = played.output("split", "Results dataset1")
    enlarged = played.output("more who leave", "Table")
    leaving = int((samples["churn"] == 1).sum())
    assert enlarged.height == samples.height + 4 * leaving
    assert int((enlarged["churn"] == 1).sum()) == 5 * leaving
    assert enlarged.head(samples.height).equals(samples)
    scored, plain = (played.output(node, "Scored dataset") for node in ("score", "score as it is"))
    recalls = [recall_score(table["churn"], table["Scored Labels"]) for table in (scored, plain)]
    assert recalls[0] > 2 * recalls[1]
    told = played.shown("evaluate / Evaluation results")
    assert [row["Recall"] for row in told] == pytest.approx(recalls, abs=1e-12)


def test_churn_is_told_nearly_as_well_as_by_the_true_odds(plays: Plays) -> None:
    played = plays("customer-churn")
    _, leaves, odds = customers.truth()
    judged = ~stratified(leaves, 0.7, 3)
    scored = played.output("score as it is", "Scored dataset")
    assert (scored["churn"] == 1).to_list() == leaves[judged].tolist()
    best = roc_auc_score(leaves[judged], odds[judged])
    smote, plain = played.shown("evaluate / Evaluation results")
    assert plain["AUC"] >= best - NEAR
    assert smote["AUC"] >= best - 2 * NEAR
