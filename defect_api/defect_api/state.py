"""What the routes of one application share, found through the application they run in."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from defect_api.card import Card
from defect_api.history.history import History
from defect_api.inspection import Inspector
from defect_api.media import MediaVolume
from defect_api.model_choice import ModelChooser
from defect_api.model_package import known_cards
from defect_api.served_model import ModelSlot
from defect_api.settings import Settings

EXTENSION = "defect_api"


@dataclass(frozen=True)
class State:
    """The parts of one running service."""

    settings: Settings
    media: MediaVolume
    slot: ModelSlot
    inspector: Inspector
    history: History
    chooser: ModelChooser

    @property
    def cards(self) -> list[Card]:
        """Return the cards of the models, as `known_cards`."""
        return known_cards(self.settings.models_dir, self.slot.card)


def state() -> State:
    """Return the parts of the application that answers the current request."""
    return cast("State", current_app.extensions[EXTENSION])
