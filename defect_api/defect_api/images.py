"""From bytes that a client sent to the grey pixels that a model takes, trusting nothing on the way."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from defect_api.problems import PictureRefused

Grey = NDArray[np.uint8]

MIN_SIDE, MAX_SIDE = 64, 8192
MAX_PIXELS = 40_000_000
# of a JPEG, each a walk over the whole picture; cameras write about ten, and pictures within its metadata as many
MAX_SCANS = 200
# of a PNG's parts, and of the values of one of a TIFF's tags but those of its tiles
MAX_CHUNKS, MAX_VALUES = 10_000, 1 << 16
# TIFF's tags: https://www.loc.gov/preservation/digital/formats/content/tiff_tags.shtml
TIFF_ORDERS, BIG_TIFF = {b"II": "<", b"MM": ">"}, 43
BITS_PER_SAMPLE, PHOTOMETRIC, TILE_WIDTH, TILE_HEIGHT = 258, 262, 322, 323
TILES = {324, 325}
WHITE_IS_ZERO = 0
# EXIF's tag, and its values but for 1, upright
ORIENTATION, TURNED = 274, range(2, 9)
EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "TIFF": ".tif", "WEBP": ".webp"}
FORMATS = {extension: name for name, extension in EXTENSIONS.items()}
FILE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
CONTENT_TYPES = {
    "image/jpeg": "JPEG",
    "image/jpg": "JPEG",
    "image/pjpeg": "JPEG",
    "image/png": "PNG",
    "image/x-png": "PNG",
    "image/bmp": "BMP",
    "image/x-bmp": "BMP",
    "image/x-ms-bmp": "BMP",
    "image/tiff": "TIFF",
    "image/tif": "TIFF",
    "image/webp": "WEBP",
}
# what Pillow's decoders raise on bytes that are not what they claim to be
DECODER_ERRORS = (
    OSError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N")
REFUSED_MODES = ("I", "F")

# the service's own limit is the stricter one, is checked before any pixel is decoded, and says what is wrong
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `grey` is uint8, H x W, in [0, 255]; `viewable` tells whether browsers show the original."""

    grey: Grey
    extension: str
    viewable: bool


def decode(data: bytes, declared_type: str | None = None) -> Picture:
    """Decode a JPEG, PNG, BMP, TIFF or WebP picture to grey, with its EXIF orientation applied.

    `declared_type` is the content type that the client gave; `image/*` must name the format that is found.
    Raises PictureRefused, with the reason, for everything that is not one whole still picture of a permitted size.
    """
    if not data:
        raise PictureRefused("The file is empty.")
    try:
        _check_description(data)
        with Image.open(io.BytesIO(data), formats=list(EXTENSIONS)) as image:
            file_format = _checked_format(image, declared_type)
            _check_size(*image.size)
            _check_still(image, file_format)
            _check_work(image, file_format, data)
            # a JPEG's own luma is BGR2GRAY of its colours, where none of them is clipped, and takes a third of the time
            image.draft("L", image.size)
            image.load()
            # which orientation a browser applies depends on the browser and on the format
            viewable = not _turn_upright(image) and file_format != "TIFF" and image.mode not in DEEP_MODES
            grey = _grey(image)
    except PictureRefused:
        raise
    except UnidentifiedImageError as error:
        raise PictureRefused("The file is not a JPEG, PNG, BMP, TIFF or WebP picture.") from error
    except DECODER_ERRORS as error:
        raise PictureRefused("The picture is damaged or incomplete and cannot be decoded.") from error
    return Picture(grey, EXTENSIONS[file_format], viewable)


def _turn_upright(image: Image.Image) -> bool:
    """Apply the EXIF orientation, where there is any that can be read: the pixels are whole without. Tell if it did."""
    try:
        orientation = image.getexif().get(ORIENTATION)
    except DECODER_ERRORS:
        return False
    ImageOps.exif_transpose(image, in_place=True)
    return orientation in TURNED


def pixels_of(data: bytes) -> int:
    """Return how many pixels a picture says that it has; 0 where `decode` will refuse it for being none."""
    try:
        _check_description(data)
        with Image.open(io.BytesIO(data), formats=list(EXTENSIONS)) as image:
            return image.width * image.height
    except (PictureRefused, *DECODER_ERRORS):
        return 0


def _check_description(data: bytes) -> None:
    """Refuse a file in which what describes the picture would take far longer to read than the picture."""
    if data.startswith(b"\x89PNG") and any(number >= MAX_CHUNKS for number, _ in enumerate(_chunks(data))):
        raise PictureRefused(f"The PNG has more than {MAX_CHUNKS} parts; save it anew.")
    if data[:4] in TiffImagePlugin.PREFIXES and any(
        count > MAX_VALUES for tag, count in _tags(data) if tag not in TILES
    ):
        raise PictureRefused(f"A tag of the TIFF has more than {MAX_VALUES} values; save it anew.")


def _chunks(data: bytes) -> Iterator[int]:
    """Yield where each of a PNG's parts begins: https://www.w3.org/TR/png-3/#5Chunk-layout."""
    begin = 8
    while begin + 8 <= len(data):
        yield begin
        begin += 12 + int.from_bytes(data[begin : begin + 4], "big")


def _tags(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield tag and number of values of each entry of a TIFF's, or BigTIFF's, first directory."""
    order = TIFF_ORDERS[data[:2]]
    is_big = struct.unpack_from(f"{order}H", data, 2) == (BIG_TIFF,)
    place, start, number, entry = ("Q", 8, "Q", "HHQ8x") if is_big else ("L", 4, "H", "HHL4x")
    (directory,) = struct.unpack_from(order + place, data, start)
    (entries,) = struct.unpack_from(order + number, data, directory)
    size = struct.calcsize(order + entry)
    begin = directory + struct.calcsize(order + number)
    for tag, _, count in struct.iter_unpack(order + entry, data[begin : begin + entries * size]):
        yield tag, count


def _checked_format(image: Image.Image, declared_type: str | None) -> str:
    # a JPEG with further pictures behind its end (MPO, as telephones write) is read as the JPEG it begins with
    found = "JPEG" if image.format == "MPO" else str(image.format)
    check_declared(declared_type, found)
    return found


def check_declared(declared_type: str | None, found: str) -> None:
    """Raise PictureRefused where a declared `image/*` type is not that of the format that was found."""
    declared = (declared_type or "").partition(";")[0].strip().lower()
    if declared.startswith("image/") and declared != "image/*" and CONTENT_TYPES.get(declared) != found:
        raise PictureRefused(f"The picture was declared as {declared} but is a {found} file.")


def _check_size(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        raise PictureRefused(
            f"The picture is {width} x {height} px; each side must be between {MIN_SIDE} and {MAX_SIDE} px."
        )
    if width * height > MAX_PIXELS:
        raise PictureRefused(
            f"The picture is {width} x {height} px; at most {MAX_PIXELS / 1e6:.0f} megapixels are accepted."
        )


def _check_still(image: Image.Image, file_format: str) -> None:
    # counting a TIFF's pages would take time by their number squared
    if file_format != "JPEG" and getattr(image, "is_animated", False):
        raise PictureRefused("The file holds more than one picture (animation or pages); send one picture at a time.")


def _check_work(image: Image.Image, file_format: str, data: bytes) -> None:
    """Refuse what would take far more time or memory than a picture of its size does."""
    if file_format == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise PictureRefused(f"The JPEG has more than {MAX_SCANS} scans; save it anew.")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        width, height = (int(image.tag_v2.get(tag, 1)) for tag in (TILE_WIDTH, TILE_HEIGHT))
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise PictureRefused(
                f"The TIFF's tiles are {width} x {height} px, more than a picture may be; save it anew."
            )


def _grey(image: Image.Image) -> Grey:
    if image.mode in REFUSED_MODES:
        raise PictureRefused("Pictures with 32-bit or signed pixels are not accepted; save as 8 or 16 bits.")
    if image.mode in DEEP_MODES:
        return _shallow(image)
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"), dtype=np.uint8)
    # four bytes a pixel, as Pillow keeps them: packing them into three takes ten times as long
    rgbx = np.asarray(image.convert("RGB").convert("RGBX"))
    return np.asarray(cv2.cvtColor(rgbx, cv2.COLOR_RGBA2GRAY), dtype=np.uint8)


def _shallow(image: Image.Image) -> Grey:
    """Scale a picture of more than 8 bits by its own full scale: Pillow leaves a TIFF's 12 bits and negatives as is."""
    full, negative = 65535, False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        full = 2 ** int(image.tag_v2[BITS_PER_SAMPLE][0]) - 1
        negative = image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO
    scaled = np.rint(np.asarray(image).astype(np.float32) * np.float32(255 / full)).clip(0, 255)
    return np.asarray(255 - scaled if negative else scaled, np.uint8)
