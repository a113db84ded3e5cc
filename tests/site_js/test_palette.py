"""The heat map's colours are matplotlib's inferno, step by step."""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np

PALETTE = Path(__file__).resolve().parents[2] / "flask_app/flask_app/static/viewer/palette.js"


def test_the_heat_map_is_inferno() -> None:
    table = "".join(re.findall(r'"([0-9a-f]{96})"', PALETTE.read_text()))
    colours = np.frombuffer(bytes.fromhex(table), np.uint8).reshape(256, 3)
    inferno = mpl.colormaps["inferno"](np.arange(256), bytes=True)[:, :3]
    assert np.abs(colours.astype(int) - inferno).max() <= 1
