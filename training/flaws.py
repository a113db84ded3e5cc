"""Draws defects of the four kinds onto a canvas, shaded like the real classes 1 to 4, and returns exactly where."""

import cv2
import numpy as np
import numpy.typing as npt

from training.surface import Box, Canvas, Rng, noise

Mask = npt.NDArray[np.bool_]


def draw(rng: Rng, canvas: Canvas, kind: int, steel: Box) -> Mask:
    """Draw a defect of class `kind` (1 to 4) onto the steel; only pixels of the returned mask (H, W) are changed."""
    outline, relief = {1: _pits, 2: _hairline, 3: _scratches, 4: _patch}[kind](rng, canvas.shape, steel)
    mask = outline & _on(canvas.shape, steel)
    canvas[mask] = (canvas * np.clip(1 + relief, 0.08, 4.0) + 14 * np.clip(relief, 0, None))[mask]
    return mask


def _on(shape: tuple[int, int], steel: Box) -> Mask:
    left, top, width, height = steel
    mask = np.zeros(shape, np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


def _place(rng: Rng, steel: Box, margin: float) -> tuple[float, float]:
    """Return a random row and column on the steel, away from its border by `margin` where there is room."""
    left, top, width, height = steel
    inset_x, inset_y = min(margin, width / 3), min(margin, height / 3)
    return (
        float(rng.uniform(top + inset_y, top + height - inset_y)),
        float(rng.uniform(left + inset_x, left + width - inset_x)),
    )


def _blob(rng: Rng, shape: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float]) -> Mask:
    """Return an irregular region about the centre with the given half height and half width."""
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    reach = np.ones(72)
    for wave in range(1, 8):
        reach += 0.17 / wave**0.7 * rng.standard_normal() * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
    reach = np.clip(reach, 0.4, 1.6)
    points = np.stack(
        [centre[1] + radii[1] * reach * np.cos(angles), centre[0] + radii[0] * reach * np.sin(angles)], axis=1
    )
    filled = np.zeros(shape, np.uint8)
    cv2.fillPoly(filled, [np.round(points).astype(np.int32)], 1)
    return filled > 0


def _embossed(field: Canvas, light: float) -> Canvas:
    """Return the shading of a height field lit at `light` radians."""
    down, across = np.gradient(field)
    return np.asarray(np.cos(light) * across + np.sin(light) * down, np.float32)


def _pits(rng: Rng, shape: tuple[int, int], steel: Box) -> tuple[Mask, Canvas]:
    """Class 1: a handful of small pits, each a bright fleck beside a dark one."""
    outline, relief = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
    row, column = _place(rng, steel, 40)
    speckle = noise(rng, shape, (3.0, 2.2))
    for _ in range(rng.integers(2, 6)):
        centre = (row + rng.normal(0, 45), column + rng.normal(0, 70))
        pit = _blob(rng, shape, centre, (rng.uniform(9, 19), rng.uniform(6, 11)))
        outline |= pit
    inner = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 2.0) * outline
    relief += inner * (1.7 * (speckle > 0.9) - 0.60 * (speckle < 0.2))
    return outline, cv2.GaussianBlur(relief, (0, 0), 0.6).astype(np.float32)


def _hairline(rng: Rng, shape: tuple[int, int], steel: Box) -> tuple[Mask, Canvas]:
    """Class 2: one or two thin broken lines along the rolling direction, near a side of the strip."""
    left, top, width, height = steel
    inset = rng.uniform(18, 70)
    start = left + inset if rng.random() < 0.5 else left + width - inset
    length = height * rng.uniform(0.45, 0.95)
    first = top + rng.uniform(0, height - length)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    path = start + 2.2 * noise(rng, (shape[0], 1), (60, 1)) + rng.uniform(-0.03, 0.03) * (rows - first)
    distance = columns - path
    within = (rows >= first) & (rows < first + length)
    outline = within & (np.abs(distance) < 7)
    broken = np.clip(noise(rng, (shape[0], 1), (9, 1)) + 0.9, 0, 1.4)
    line = -0.65 * np.exp(-((distance / 1.1) ** 2)) + 0.45 * np.exp(-(((distance - 3.0) / 1.2) ** 2))
    return outline, (line * broken).astype(np.float32)


def _scratches(rng: Rng, shape: tuple[int, int], steel: Box) -> tuple[Mask, Canvas]:
    """Class 3: long straight scratches along the rolling direction, or a flake of rolled-in scale."""
    if rng.random() < 0.4:
        return _flake(rng, shape, steel)
    _, column = _place(rng, steel, 60)
    first, last = sorted(rng.uniform(-0.3, 1.3, 2) * shape[0])
    first, last = (first, last) if last - first > 0.5 * shape[0] else (0, shape[0])
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    outline, relief = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
    sign = rng.choice([-1.0, 1.0], p=[0.65, 0.35])
    within = (rows >= first) & (rows < last)
    for _ in range(rng.integers(1, 5)):
        distance = columns - (column + rng.uniform(-32, 32) + rng.uniform(-0.02, 0.02) * rows)
        outline |= within & (np.abs(distance) < 6)
        strength = rng.uniform(0.4, 0.75) * (1 + 0.3 * noise(rng, (shape[0], 1), (30, 1)))
        relief += sign * strength * np.exp(-((distance / rng.uniform(1.0, 2.4)) ** 2))
    return outline, relief.astype(np.float32)


def _flake(rng: Rng, shape: tuple[int, int], steel: Box) -> tuple[Mask, Canvas]:
    centre = _place(rng, steel, 40)
    outline = _blob(rng, shape, centre, (rng.uniform(14, 42), rng.uniform(20, 70)))
    speckle = noise(rng, shape, (5, 7)) + 0.5 * noise(rng, shape, (2, 2))
    inner = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 3.0)
    relief = inner * (1.6 * (speckle > 0.75) - 0.5 * (speckle < -0.3))
    return outline, cv2.GaussianBlur(relief.astype(np.float32), (0, 0), 0.7).astype(np.float32)


def _patch(rng: Rng, shape: tuple[int, int], steel: Box) -> tuple[Mask, Canvas]:
    """Class 4: a large torn patch: darker, rough, its folds lit from one side, with a bright and a dark rim."""
    centre = _place(rng, steel, 60)
    outline = _blob(rng, shape, centre, (rng.uniform(32, 95), rng.uniform(45, 130)))
    soft = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 2.5).astype(np.float32)
    size = rng.uniform(14, 40)
    folds = noise(rng, shape, (size, size * rng.uniform(1.0, 2.5))) + 0.22 * noise(rng, shape, (6, 9))
    light = rng.uniform(0, 2 * np.pi)
    folds = np.abs(folds) ** 0.7 * np.sign(folds) * soft  # sharper where the skin is torn
    shading = _embossed(5.0 * folds.astype(np.float32) + 7.0 * soft, light)
    relief = soft * (rng.uniform(-0.55, -0.2) + 0.85 * np.clip(shading, -1.0, 2.2)) + 0.06 * soft * noise(
        rng, shape, (2, 2)
    )
    return outline, relief.astype(np.float32)
