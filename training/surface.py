"""Draws sound rolled steel: rolling lines, light, grain, scale and the dark beside a strip's side.

Pictures are float32 (H, W) in grey levels 0 to 255 until the sheet is finished. The rolling direction is vertical.
"""

import cv2
import numpy as np
import numpy.typing as npt

Rng = np.random.Generator
Canvas = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]  # left, top, width, height of the steel


def noise(rng: Rng, shape: tuple[int, int], cell: tuple[float, float]) -> Canvas:
    """Return smooth noise of unit deviation whose features are about `cell` (height, width) pixels large."""
    small = (max(2, round(shape[0] / cell[0]) + 1), max(2, round(shape[1] / cell[1]) + 1))
    field = rng.standard_normal(small, np.float32)
    grown = cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((grown - grown.mean()) / (grown.std() + 1e-6), np.float32)


def steel(rng: Rng, shape: tuple[int, int]) -> Canvas:
    """Return a sound surface: level, light from one side, rolling lines at three widths, grain and fine scale."""
    canvas = np.full(shape, rng.uniform(62, 135), np.float32) * _light(rng, shape)
    lines = (
        0.060 * noise(rng, shape, (400, rng.uniform(40, 120)))
        + 0.022 * noise(rng, shape, (200, rng.uniform(8, 20)))
        + 0.014 * noise(rng, shape, (90, 2.0))
    )
    canvas *= 1 + rng.uniform(0.5, 1.3) * lines
    canvas *= 1 + 0.03 * noise(rng, shape, (60, 90))
    grain = noise(rng, shape, (rng.uniform(1.0, 1.8), 1.0)) * rng.uniform(0.04, 0.11)
    canvas *= 1 + grain * (1 + 0.5 * noise(rng, shape, (128, 60)))
    if rng.random() < 0.35:
        canvas *= 1 + 0.04 * _waves(rng, shape)
    if rng.random() < 0.5:
        scale(rng, canvas)
    return canvas


def scale(rng: Rng, canvas: Canvas) -> None:
    """Sprinkle bright specks of fine scale, in bands along the rolling direction."""
    density = np.clip(noise(rng, canvas.shape, (500, 70)), 0, None) * rng.uniform(0.002, 0.012)
    specks = (rng.random(canvas.shape, np.float32) < density).astype(np.float32)
    soft = cv2.GaussianBlur(specks, (0, 0), 0.8, sigmaY=1.3)
    canvas *= 1 + 3.0 * soft


def dark_side(rng: Rng, canvas: Canvas) -> Box:
    """Blacken one side beyond the strip's edge, edge bands included; return the box of what is steel."""
    height, width = canvas.shape
    end = round(width * rng.uniform(0.04, 0.45))
    rows = np.arange(height)[:, None]
    edge = end + rng.uniform(-0.04, 0.04) * (rows - height / 2) + 0.5 * noise(rng, (height, 1), (45, 1))
    inward = np.arange(width)[None, :] - edge
    bands = 1 + 0.35 * np.exp(-inward / 9) * np.cos(inward / rng.uniform(2.5, 5)) - 0.25 * np.exp(-inward / 30)
    steel_part = np.clip(inward / 2.5, 0, 1)
    black = rng.uniform(1, 6) + rng.standard_normal(canvas.shape, np.float32)
    sound = canvas * np.where(inward > 0, bands, 1)
    canvas[:] = np.where(inward > 0, steel_part * sound + (1 - steel_part) * black, black)
    left = end + round(0.03 * height)
    if rng.random() < 0.5:
        canvas[:] = canvas[:, ::-1].copy()
        left = 0
    return left, 0, width - end - round(0.03 * height), height


def _light(rng: Rng, shape: tuple[int, int]) -> Canvas:
    columns = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    rows = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    bright = np.exp(-(((columns - rng.uniform(-0.7, 0.7)) / rng.uniform(0.7, 1.5)) ** 2))
    return np.asarray((0.62 + 0.5 * bright) * (1 + rng.uniform(-0.15, 0.15) * rows), np.float32)


def _waves(rng: Rng, shape: tuple[int, int]) -> Canvas:
    """Return faint chatter marks across the rolling direction, here stronger and there weaker."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    phase = rows / rng.uniform(1.2, 2.2) + 2.5 * noise(rng, shape, (90, 60))
    return np.asarray(np.sin(phase) * np.clip(noise(rng, shape, (200, 150)), 0, None), np.float32)
