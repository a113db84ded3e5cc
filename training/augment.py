"""Random but sane changes to a labelled crop: place, scale, tilt, flips; the camera's light, noise and sharpness."""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, NonNegativeFloat

from training.examples import Picture

Rng = np.random.Generator


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    if not 0 < ends[0] <= ends[1]:
        raise ValueError(f"{list(ends)} is no range; its first number must be more than 0, and the second no less")
    return ends


Share = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[tuple[float, float], AfterValidator(_rising)]


@dataclass(frozen=True)
class Changes:
    """How far crops are changed; all ranges are drawn from uniformly."""

    scale: Range = (0.8, 1.25)
    small_scale: Range = (0.5, 0.8)
    small_share: Share = 0.2
    tilt_deg: NonNegativeFloat = 4.0
    quarter_turns: bool = False
    gain: Range = (0.65, 1.45)
    gamma: Range = (0.75, 1.35)
    offset: NonNegativeFloat = 12.0
    noise: NonNegativeFloat = 6.0
    blur_share: Share = 0.15
    jpeg_share: Share = 0.15


def crop(
    rng: Rng, picture: Picture, mask: Picture, centre: tuple[float, float], size: tuple[int, int], changes: Changes
) -> tuple[Picture, Picture]:
    """Cut `size` (height, width) about `centre` (row, column), scaled, tilted and flipped; reflected outside."""
    small = rng.random() < changes.small_share
    scale = rng.uniform(*(changes.small_scale if small else changes.scale))
    angle = rng.uniform(-changes.tilt_deg, changes.tilt_deg)
    matrix = cv2.getRotationMatrix2D((centre[1], centre[0]), angle, scale)
    matrix[:, 2] += np.array([size[1] / 2 - centre[1], size[0] / 2 - centre[0]])
    shape = (size[1], size[0])
    pixels = cv2.warpAffine(picture, matrix, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    ids = cv2.warpAffine(mask, matrix, shape, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    return _turned(
        rng, np.asarray(pixels, np.uint8), np.asarray(ids, np.uint8), changes.quarter_turns and size[0] == size[1]
    )


def relight(rng: Rng, pixels: Picture, changes: Changes) -> Picture:
    """Change gain, gamma and offset, tilt the light, then blur, add noise and compress, as cameras do."""
    x = pixels.astype(np.float32) / 255.0
    x = x ** rng.uniform(*changes.gamma) * rng.uniform(*changes.gain)
    if rng.random() < 0.3:
        x *= _light(rng, pixels.shape)
    x = x * 255.0 + rng.uniform(-changes.offset, changes.offset)
    if rng.random() < changes.blur_share:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)
    if rng.random() < 0.5:
        x += rng.standard_normal(x.shape, np.float32) * rng.uniform(0, changes.noise)
    changed = np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return _compressed(rng, changed) if rng.random() < changes.jpeg_share else changed


def _turned(rng: Rng, pixels: Picture, ids: Picture, quarter_turns: bool) -> tuple[Picture, Picture]:
    for axis in (0, 1):
        if rng.random() < 0.5:
            pixels, ids = np.flip(pixels, axis), np.flip(ids, axis)
    if quarter_turns and rng.random() < 0.5:
        pixels, ids = pixels.T, ids.T
    return np.ascontiguousarray(pixels), np.ascontiguousarray(ids)


def _light(rng: Rng, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    corners = rng.uniform(0.75, 1.25, (2, 2)).astype(np.float32)
    return np.asarray(cv2.resize(corners, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _compressed(rng: Rng, pixels: Picture) -> Picture:
    quality = int(rng.integers(50, 95))
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
