"""The first system's way: Flask, `model.predict`, pixels walked in Python, a figure drawn with Matplotlib.

Gunicorn runs it with 2 workers of 4 threads. It uses what a machine has, as TensorFlow does by itself.
"""

import io
import os
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from flask import Flask, Response, request
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.peers.inference import THRESHOLD, encoded, padded

mpl.use("Agg")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras  # after its variable is set

app = Flask(__name__)
model = keras.saving.load_model(os.environ["NETWORK"], compile=False)
drawings = Path(os.environ["DRAWINGS"])
Mask = NDArray[np.bool_]


@app.post("/segment")
def segment() -> Response:
    """Answer with the mask; the figure goes to a file."""
    file = request.files["image"]
    grey = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
    output = model.predict(padded(grey), verbose=0)
    probabilities = output[0] if isinstance(output, list | tuple) else output
    mask = probabilities[0, : grey.shape[0], : grey.shape[1], 0] >= THRESHOLD
    (drawings / f"{Path(str(file.filename)).stem}_mask.png").write_bytes(draw(grey, contour(mask)))
    return Response(encoded(mask), mimetype="image/png")


@app.get("/health")
def health() -> str:
    """Answer when the model is loaded."""
    return "ok"


def contour(mask: Mask) -> list[tuple[int, int]]:
    """Return the mask's pixels that touch what is not of it, one pixel after the other."""
    height, width = mask.shape
    found = []
    for row in range(height):
        for column in range(width):
            if mask[row, column] and not _is_inside(mask, row, column, height, width):
                found.append((row, column))  # noqa: PERF401  # as one writes it at first
    return found


def _is_inside(mask: Mask, row: int, column: int, height: int, width: int) -> bool:
    for y, x in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
        if 0 <= y < height and 0 <= x < width and not mask[y, x]:
            return False
    return True


def draw(grey: NDArray[np.uint8], pixels: list[tuple[int, int]]) -> bytes:
    """Draw the sheet with its contour as a figure of the sheet's size."""
    figure = Figure(figsize=(16, 2.56), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255)
    axes.scatter([x for _, x in pixels], [y for y, _ in pixels], s=1, c="lime")
    axes.axis("off")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
