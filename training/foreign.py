"""Pictures that are no steel sheets, at the sizes of sheets: photographs, scans, relief, noise and blanks."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from matplotlib import cbook, font_manager
from matplotlib.colors import LightSource
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_image

from training.examples import Picture

SIZES = ((256, 1600), (128, 800))  # height and width, px
PHOTOGRAPHS = ("china.jpg", "flower.jpg")  # that scikit-learn brings, free to use
PORTRAIT = "grace_hopper.jpg"  # that matplotlib brings, in the public domain
WORDS = (
    "the",
    "strip",
    "left",
    "mill",
    "at",
    "nine",
    "hundred",
    "degrees",
    "and",
    "was",
    "cooled",
    "before",
    "coiling",
)
LETTERS_PX = (12, 18, 28)
PAPER, INK, PAPER_NOISE = 235, 30, 4.0
NOISE = (5.0, 12.0, 25.0, 50.0)  # standard deviations, grey levels
BLANKS = (0, 60, 128, 200, 255)


def pictures() -> Iterator[tuple[str, Picture]]:
    """Yield each picture, uint8 (H, W), after the name of its kind."""
    for height, width in SIZES:
        for photograph in _photographs():
            for picture in _at_size(photograph, height, width):
                yield "photographs", picture
        for seed, letters in enumerate(LETTERS_PX):
            yield "document scans", document(seed, height, width, letters)
        rng = np.random.default_rng(height)
        for strength in NOISE:
            yield "noise", np.clip(rng.normal(110, strength, (height, width)), 0, 255).astype(np.uint8)
        yield "noise", rng.integers(0, 256, (height, width)).astype(np.uint8)
        for grey in BLANKS:
            yield "blanks", np.full((height, width), grey, np.uint8)


def further() -> Iterator[tuple[str, Picture]]:
    """Yield pictures of other kinds likewise; what novelty is measured by was picked on them as on the others."""
    for height, width in SIZES:
        for photograph in _photographs():
            for picture in _parts(photograph, height):
                yield "photographs, not enlarged", picture
        for kind, scanned in (("a medical scan", _medical()), ("relief", _relief())):
            for picture in _at_size(scanned, height, width):
                yield kind, picture


def document(seed: int, height: int, width: int, letters_px: int) -> Picture:
    """Draw a page of text as a scanner sees it: soft letters, shaded and grainy paper."""
    rng = np.random.default_rng(seed)
    page = Image.new("L", (width, height), PAPER)
    drawing = ImageDraw.Draw(page)
    font = ImageFont.truetype(font_manager.findfont("DejaVu Serif"), letters_px)
    words = width // (2 * letters_px)
    for y in range(letters_px, height, letters_px * 3 // 2):
        drawing.text((letters_px, y), " ".join(rng.choice(WORDS, words)), fill=INK, font=font)
    shade = np.linspace(0, 25, width)
    scanned = cv2.GaussianBlur(np.asarray(page, np.float32), (0, 0), 0.7) - shade
    return np.clip(scanned + rng.normal(0, PAPER_NOISE, scanned.shape), 0, 255).astype(np.uint8)


def _photographs() -> Iterator[Picture]:
    for name in PHOTOGRAPHS:
        yield np.asarray(cv2.cvtColor(load_sample_image(name), cv2.COLOR_RGB2GRAY), np.uint8)
    yield np.asarray(Image.open(_sample(PORTRAIT)).convert("L"), np.uint8)


def _sample(name: str) -> Path:
    """Return a file that matplotlib brings."""
    return Path(str(cbook.get_sample_data(name, asfileobj=False)))


def _medical() -> Picture:
    """Return matplotlib's sample of magnetic resonance imaging, a slice of a head."""
    slices = np.frombuffer(gzip.decompress(_sample("s1045.ima.gz").read_bytes()), np.uint16).reshape(256, 256)
    return np.asarray(np.clip(255 * slices / np.quantile(slices, 0.995), 0, 255), np.uint8)


def _relief() -> Picture:
    """Return matplotlib's sample of a landscape, lit from a side: rough, grey and directed, as a sheet may be."""
    with np.load(_sample("jacksboro_fault_dem.npz")) as sample:
        heights = sample["elevation"]
    return np.asarray(255 * LightSource(315, 45).hillshade(heights, vert_exag=0.2, dx=10, dy=10), np.uint8)


def _at_size(photograph: Picture, height: int, width: int) -> Iterator[Picture]:
    """Enlarge to the width and cut the upper, middle and lower part."""
    tall = round(photograph.shape[0] * width / photograph.shape[1])
    return _parts(np.asarray(cv2.resize(photograph, (width, tall), interpolation=cv2.INTER_CUBIC), np.uint8), height)


def _parts(picture: Picture, height: int) -> Iterator[Picture]:
    spare = picture.shape[0] - height
    for top in (0, spare // 2, spare):
        yield picture[top : top + height]
