"""A sheet with every kind of defect, once with its fragments apart and once joined."""

import pytest

from defect_api.card import Card
from defect_api.exports.format import Classes
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from tests.defect_api.conftest import card_document
from tests.defect_api.stored import sheet

JOIN_PX = 45  # the line and the blob of the maps lie nearer


@pytest.fixture(params=[0, JOIN_PX], ids=["apart", "joined"])
def card(request: pytest.FixtureRequest) -> Card:
    document = card_document()
    document["threshold"]["join_px"] = request.param
    return Card.model_validate(document)


@pytest.fixture
def classes(card: Card) -> Classes:
    return Classes(card.classes)


@pytest.fixture
def shown(media: MediaVolume, card: Card) -> Sheet:
    return sheet(media, card)
