"""Draws what is sound although it looks busy: stains, drips, painted numerals, chequered plate, a strip's end."""

import cv2
import numpy as np

from training.surface import Canvas, Rng, noise

PAINT = 245.0  # grey level, saturated on the real pictures too
KINDS = ("drips", "oil", "numerals", "chequer", "teardrops", "strip_end")


def draw(rng: Rng, canvas: Canvas, kind: str) -> None:
    """Draw one of KINDS onto the canvas. Raises KeyError for another name."""
    {
        "drips": drips,
        "oil": oil,
        "numerals": numerals,
        "chequer": chequer,
        "teardrops": teardrops,
        "strip_end": strip_end,
    }[kind](rng, canvas)


def drips(rng: Rng, canvas: Canvas) -> None:
    """Stain with water that ran along the rolling direction: sharp-edged, slightly darker streaks."""
    field = noise(rng, canvas.shape, (rng.uniform(40, 110), rng.uniform(7, 16))) + 0.35 * noise(
        rng, canvas.shape, (6, 4)
    )
    where = noise(rng, canvas.shape, (300, 200)) > rng.uniform(-0.4, 0.6)
    streaks = cv2.GaussianBlur(((field > rng.uniform(0.4, 1.0)) & where).astype(np.float32), (0, 0), 0.8)
    canvas *= 1 - rng.uniform(0.12, 0.35) * streaks


def oil(rng: Rng, canvas: Canvas) -> None:
    """Stain with oil: large smooth areas of another grey with a soft outline, and a dark rim here and there."""
    field = noise(rng, canvas.shape, (rng.uniform(120, 260), rng.uniform(200, 420)))
    steepness = (field - rng.uniform(0.3, 0.9)) / rng.uniform(0.02, 0.15)
    inside = 1 / (1 + np.exp(-np.clip(steepness, -50, 50)))
    canvas *= 1 + rng.choice([-1, 1]) * rng.uniform(0.08, 0.22) * inside.astype(np.float32)


def numerals(rng: Rng, canvas: Canvas) -> None:
    """Spray a stencilled number in white paint, broken by the stencil and by the surface."""
    height, width = canvas.shape
    paint = np.zeros(canvas.shape, np.uint8)
    size = height / 256 * rng.uniform(2.6, 5.0)
    place = (round(rng.uniform(0.05, 0.75) * width), round(rng.uniform(0.45, 1.0) * height))
    digits = "".join(map(str, rng.integers(0, 10, rng.integers(1, 4))))
    cv2.putText(paint, digits, place, cv2.FONT_HERSHEY_DUPLEX, size, 255, max(2, round(size * 3.5)))
    if rng.random() < 0.5:
        paint = np.ascontiguousarray(paint[::-1, ::-1])
    wear = noise(rng, canvas.shape, (9, 7)) + 0.7 * noise(rng, canvas.shape, (3, 3)) > rng.uniform(-0.9, 0.1)
    cover = cv2.GaussianBlur((paint / 255 * wear).astype(np.float32), (0, 0), 0.9)
    canvas[:] = canvas * (1 - cover) + PAINT * cover


def chequer(rng: Rng, canvas: Canvas) -> None:
    """Press the crossing ribs of chequered plate into the sheet: bright on the lit flank, dark on the other."""
    rows, columns = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    pitch, slope = rng.uniform(90, 130), rng.uniform(1.7, 2.2)
    ribs = np.zeros(canvas.shape, np.float32)
    for sign in (-1, 1):
        across = (columns + sign * rows / slope) / pitch
        distance = (across - np.round(across)) * pitch
        ribs += np.exp(-((distance - 3) ** 2) / 8) - 1.1 * np.exp(-((distance + 3) ** 2) / 14)
    canvas *= np.clip(1 + rng.uniform(0.5, 0.8) * ribs, 0.1, 2.2)


def teardrops(rng: Rng, canvas: Canvas) -> None:
    """Press teardrop lugs into the sheet, turned by turns."""
    height, width = canvas.shape
    pitch = rng.uniform(44, 64)
    lugs = np.zeros(canvas.shape, np.uint8)
    for row in range(round(height / pitch) + 2):
        for column in range(round(width / pitch) + 2):
            angle = 45.0 if (row + column) % 2 else 135.0
            centre = (round((column - 0.3) * pitch), round((row - 0.3) * pitch))
            axes = (round(pitch * 0.38), max(2, round(pitch * 0.11)))
            cv2.ellipse(lugs, centre, axes, angle, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(lugs.astype(np.float32), (0, 0), 1.6)
    slope = soft - cv2.warpAffine(soft, np.array([[1, 0, 3], [0, 1, 2]], np.float32), (width, height))
    canvas *= np.clip(1 + rng.uniform(0.5, 0.9) * slope + 0.15 * soft, 0.1, 2.2)


def strip_end(rng: Rng, canvas: Canvas) -> None:
    """Cut the strip off across the picture, black beyond the cut."""
    height, width = canvas.shape
    columns = np.arange(width, dtype=np.float32)[None, :]
    cut = height * rng.uniform(0.55, 0.9) + rng.uniform(-0.06, 0.06) * (columns - width / 2)
    cut = cut + 3 * noise(rng, (1, width), (1, 60))
    beyond = np.arange(height, dtype=np.float32)[:, None] - cut
    shade = 1 - 0.35 * np.exp(-np.clip(-beyond, 0, None) / 10)
    black = 3 + rng.standard_normal(canvas.shape, np.float32)
    canvas[:] = np.where(beyond < 0, canvas * shade, black)
    if rng.random() < 0.5:
        canvas[:] = canvas[::-1].copy()
