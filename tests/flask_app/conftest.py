"""The site under test, with its REST service replaced by answers that each test lays out."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from flask import Flask
from flask.testing import FlaskClient
from pydantic import HttpUrl, SecretStr

from flask_app.app import create_app
from flask_app.settings import Settings
from tests.flask_app.rest_answers import API, MODEL, MODELS, NEIGHBOURS, OPERATING_POINTS, POINTS, RECORD


@pytest.fixture
def settings() -> Settings:
    return Settings(api_url=HttpUrl(API), api_token=SecretStr("open-sesame"), max_upload_mb=1, media_page_size=2)


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def rest() -> Iterator[responses.RequestsMock]:
    """The REST service: every answer must be laid out, and every one laid out must be fetched."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def record() -> dict[str, Any]:
    return copy.deepcopy(RECORD)


@pytest.fixture
def surroundings(rest: responses.RequestsMock) -> None:
    """What the page of a prediction asks for beside the record, for those tests that come so far."""
    rest.assert_all_requests_are_fired = False
    rest.get(MODELS, json={"items": [MODEL]})
    rest.get(POINTS, json=OPERATING_POINTS)
    rest.get(NEIGHBOURS, json={"previous": None, "next": None})
