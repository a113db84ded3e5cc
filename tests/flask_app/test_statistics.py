from typing import Any

import pytest
import responses
from flask.testing import FlaskClient

from flask_app.wording import VERDICTS
from tests.flask_app.rest_answers import API, asked

STATISTICS = f"{API}/v1/statistics"


def count(defect: int, clean: int, **more: Any) -> dict[str, Any]:
    verdicts = {"defect": defect, "clean": clean, "no_verdict": 0}
    found = {"total": defect + clean, "verdicts": verdicts, "defects": 2 * defect, "mean_probability": 0.25}
    return {**found, **more}


def period(day: int, *counts: int) -> dict[str, Any]:
    return count(*counts, begin=f"2026-03-{day:02}T00:00:00Z", end=f"2026-03-{day + 1:02}T00:00:00Z")


@pytest.fixture
def found() -> dict[str, Any]:
    return {
        "all": count(2, 6),
        "unit": "day",
        "periods": [period(1, 0, 4), period(2, 2, 2)],
        "types": [{"type": "class 3", "sheets": 2}],
        "areas": [{"low": 100, "high": 200, "sheets": 2}],
        "probabilities": [{"low": 0, "high": 0.5, "sheets": 6}, {"low": 0.5, "high": 1, "sheets": 2}],
        "drift": {"earlier": period(1, 1, 9), "psi": 0.31},
    }


def show(client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any], query: str = "") -> str:
    rest.get(STATISTICS, json=found)
    response = client.get(f"/statistics{query}")
    assert response.status_code == 200
    return response.text


def test_each_figure_leads_to_its_sheets(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    page = show(client, rest, found, "?last=all&text=coil")
    for query in (
        "text=coil&amp;created_from=2026-03-02&amp;created_to=2026-03-02&amp;zone=UTC",
        "text=coil&amp;verdict=clean",
        "text=coil&amp;type=class+3",
        "text=coil&amp;area_min=100&amp;area_max=199",
        "text=coil&amp;probability_min=0.0&amp;probability_max=0.499999",
        "text=coil&amp;probability_min=0.5&amp;probability_max=1",
    ):
        assert f'href="/history?{query}"' in page, query


def test_a_bar_leads_to_no_more_than_was_counted(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    # in the middle of a day, as the last 30 days begin
    page = show(client, rest, found, "?created_from=2026-03-01T11:27:00%2B01:00&created_to=2026-03-02T12:00:00z")
    midnight = "2026-03-02T00:00:00%2B00:00"
    for link, since, until in (
        ("first bar", "2026-03-01T10:27:00%2B00:00", midnight),
        ("last bar", midnight, "2026-03-02T12:00:00%2B00:00"),
        ("the time before, which lies outside", "2026-03-01", "2026-03-01"),
    ):
        assert f'href="/history?created_from={since}&amp;created_to={until}&amp;zone=UTC"' in page, link


def test_a_days_bar_leads_to_the_readers_day(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    for period in found["periods"]:
        period |= {name: period[name].replace("T00:00:00Z", "T18:30:00Z") for name in ("begin", "end")}
    page = show(client, rest, found, "?last=all&zone=Asia/Kolkata")
    assert 'href="/history?created_from=2026-03-02&amp;created_to=2026-03-02&amp;zone=Asia/Kolkata"' in page


def test_the_form_has_the_days_that_are_shown(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    moments = "?created_from=2026-03-01T23:00:00Z&created_to=2026-03-03T23:00:00Z&zone=Europe/Berlin"
    page = show(client, rest, found, moments)
    assert 'name="created_from" value="2026-03-02"' in page
    assert 'name="created_to" value="2026-03-03"' in page


def test_without_a_time_the_last_month_is_shown(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    page = show(client, rest, found, "?zone=Asia/Kolkata")
    assert asked(rest)["zone"] == ["Asia/Kolkata"]
    assert "created_from" in asked(rest)
    assert 'aria-current="true">30 days</a>' in page


def test_all_the_time_is_all(client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]) -> None:
    show(client, rest, found, "?last=all")
    assert asked(rest) == {"zone": ["UTC"]}


@pytest.mark.parametrize(
    ("psi", "words"),
    [
        (0.09, "little has changed"),
        (0.1, "something has changed"),
        (0.24, "something has changed"),
        (0.25, "much has changed"),
        (None, "from 50 sheets"),
    ],
)
def test_drift_is_told_in_words(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any], psi: float | None, words: str
) -> None:
    found["drift"]["psi"] = psi
    assert words in show(client, rest, found)


def test_the_tables_hold_what_the_charts_draw(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    page = show(client, rest, found)
    assert page.count("<canvas") == page.count("Figures as a table") == 7
    assert 'data-value="75.0"' in page
    assert 'data-value="25.0"' in page


def test_the_stacked_colours_have_a_key(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    key = show(client, rest, found).split('aria-label="Key">')[1].split("</ul>")[0]
    for number, name in enumerate(("Defect found", "No defect found", "No verdict"), 1):
        assert f'class="key-{number}"' in key
        assert f"</svg>{name}</li>" in key


def test_a_verdict_has_one_name_in_keys_and_tables(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    head = show(client, rest, found).split('id="over-time-table"')[1].split("</thead>")[0]
    for verdict, name in VERDICTS.items():
        assert f'data-series="{verdict}">{name}</th>' in head


@pytest.mark.parametrize("name", ["defects-over-time", "types", "areas", "probabilities", "drift"])
def test_what_counts_sheets_without_a_verdict_says_so(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any], name: str
) -> None:
    assert "without a verdict" in show(client, rest, found).split(f'<h2 id="{name}">')[1].split("</p>")[0]


@pytest.mark.parametrize(
    "time", ["last=7d", "last=30d&amp;zone=Asia/Kolkata", "created_from=2026-03-01&amp;created_to=2026-03-02"]
)
def test_all_sheets_are_those_of_the_same_time(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any], time: str
) -> None:
    page = show(client, rest, found, f"?{time.replace('amp;', '')}&text=coil&verdict=clean")
    assert f'href="/statistics?{time}">All sheets' in page


@pytest.mark.parametrize(
    ("query", "words"), [("", "No sheet was inspected in this time"), ("?text=coil", "No sheet is like that")]
)
def test_no_sheet_is_said(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any], query: str, words: str
) -> None:
    nothing = {"total": 0, "verdicts": {"defect": 0, "clean": 0, "no_verdict": 0}, "defects": 0}
    found |= {"all": {**nothing, "mean_probability": None}, "periods": [], "types": [], "areas": [], "drift": None}
    assert words in show(client, rest, found, query)


def test_the_pictures_drift_is_told_against_the_models_limits(
    client: FlaskClient, rest: responses.RequestsMock, found: dict[str, Any]
) -> None:
    def figures(mean: float | None, use: float | None, beyond: int = 0) -> dict[str, Any]:
        return {"sheets": 4, "mean": mean, "limit_use": use, "beyond": beyond}

    sharpness = {
        "name": "sharpness",
        "low": 1.25,
        "high": None,
        "all": figures(2.5, 0.5, 1),
        "earlier": figures(5, 0.25),
    }
    novel = {"name": "some_new", "low": None, "high": 2.0, "all": figures(1, 0.5), "earlier": None}
    conditions = [
        {**sharpness, "periods": [figures(2, 0.625), figures(None, None)]},
        {**novel, "periods": [figures(1, 0.5), figures(1, 0.5)]},
    ]
    page = show(client, rest, {**found, "conditions": conditions})
    assert '<td class="num" data-value="62.5">62.5\u202f%</td>' in page
    assert '<td class="num" data-value="">\u2013</td>' in page
    row = page.split('<th scope="row">Sharpness</th>')[1].split("</tr>")[0]
    assert [cell.split("<")[0] for cell in row.split('class="num">')[1:]] == [
        "1.250",
        "\u2013",
        "5.000",
        "2.500",
        "50.0\u202f%",
        "1",
    ]
    assert "some new" in page
