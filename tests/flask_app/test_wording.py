import json
from pathlib import Path
from typing import Any

import pytest

from flask_app import wording

# a share never rounds to certainty, sizes have fitting units, thousands are grouped, halves go up; in the scripts too
CASES = json.loads((Path(__file__).resolve().parents[1] / "site_js/format.json").read_text())


@pytest.mark.parametrize(("name", "values", "words"), CASES)
def test_figures_are_written_as_the_pages_scripts_write_them(name: str, values: list[Any], words: str) -> None:
    assert getattr(wording, name)(*values).replace("\u202f", " ") == words


def test_a_name_on_the_media_volume_stays_one_segment() -> None:
    assert wording.media_url("a/../b ?#%.png") == "/media/a%2F..%2Fb%20%3F%23%25.png"
