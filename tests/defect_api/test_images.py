"""Decoding: what is read to grey, and what is refused with which sentence."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from defect_api.images import decode, pixels_of
from defect_api.problems import PictureRefused

RAMP = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
COLOUR = np.dstack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 40)])


def saved(picture: Any, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file_format", "extension"), [("PNG", ".png"), ("BMP", ".bmp"), ("TIFF", ".tif"), ("WEBP", ".webp")]
)
def test_lossless_formats_keep_every_grey_value(file_format: str, extension: str) -> None:
    options = {"lossless": True} if file_format == "WEBP" else {}
    picture = decode(saved(RAMP, file_format, **options))
    np.testing.assert_array_equal(picture.grey, RAMP)
    assert picture.extension == extension


def test_jpeg_is_read() -> None:
    picture = decode(saved(RAMP, "JPEG", quality=95), "image/jpeg")
    assert picture.extension == ".jpg"
    assert np.abs(picture.grey.astype(int) - RAMP).max() < 10


def test_grey_stored_as_three_channels_is_the_same_grey() -> None:
    np.testing.assert_array_equal(decode(saved(np.dstack([RAMP] * 3), "PNG")).grey, RAMP)


def test_colour_becomes_opencv_grey() -> None:
    expected = cv2.cvtColor(COLOUR, cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(decode(saved(COLOUR, "PNG")).grey, expected)


@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_coloured_jpegs_luma_is_opencv_grey(subsampling: int) -> None:
    smooth = np.full_like(COLOUR, 100) + COLOUR // 4
    data = saved(smooth, "JPEG", quality=95, subsampling=subsampling)
    expected = cv2.cvtColor(np.asarray(Image.open(io.BytesIO(data))), cv2.COLOR_RGB2GRAY)
    assert np.abs(decode(data).grey.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK"])
def test_other_modes_are_read(mode: str) -> None:
    image = Image.fromarray(COLOUR).convert(mode)
    expected = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY)
    grey = decode(saved(image, "TIFF" if mode == "CMYK" else "PNG")).grey
    assert np.abs(grey.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bits_are_scaled_to_8_and_need_a_view(file_format: str) -> None:
    deep = RAMP.astype(np.uint16) * 257
    picture = decode(saved(deep, file_format))
    np.testing.assert_array_equal(picture.grey, RAMP)
    assert not picture.viewable


def tiff(values: list[int], bits: int, photometric: int, more: dict[int, int] | None = None) -> bytes:
    """Write one strip of 64 equal rows of 64 values; Pillow writes neither 12 bits, which are packed, nor negatives."""
    packed = "".join(f"{value:0{bits}b}" for value in values)
    row = int(packed, 2).to_bytes(len(packed) // 8, "big") if bits == 12 else struct.pack("<64H", *values)
    strip = row * 64
    entries = {256: 64, 257: 64, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: 64, 279: len(strip)}
    entries |= more or {}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + struct.pack("<H", len(entries)) + directory + bytes(4)


@pytest.mark.parametrize(("bits", "photometric"), [(12, 1), (16, 1), (16, 0)])
def test_a_deep_tiff_is_scaled_by_its_own_full_scale(bits: int, photometric: int) -> None:
    full = 2**bits - 1
    values = [round(full * column / 63) for column in range(64)]
    expected = np.rint(np.arange(64) * 255 / 63)
    grey = decode(tiff(values, bits, photometric)).grey
    np.testing.assert_allclose(grey[5], expected if photometric else 255 - expected, atol=1)


def test_a_tiff_of_larger_tiles_than_a_picture_may_be_is_refused() -> None:
    data = tiff([0] * 64, 16, 1, {322: 32768, 323: 32768})
    with pytest.raises(PictureRefused, match="tiles are 32768 x 32768 px"):
        decode(data)


@pytest.mark.parametrize("entry", [struct.pack("<HHII", 274, 5, 70_000, 0), struct.pack("<HHII", 282, 5, 70_000, 0)])
def test_a_tiff_whose_tags_take_longer_than_its_picture_is_refused(entry: bytes) -> None:
    data = tiff([0] * 64, 16, 1)
    begin = struct.unpack_from("<I", data, 4)[0]
    (entries,) = struct.unpack_from("<H", data, begin)
    more = data[:begin] + struct.pack("<H", entries + 1) + data[begin + 2 : begin + 2 + 12 * entries] + entry + bytes(4)
    big = b"II+\0" + struct.pack("<HHQQHHQQ", 8, 0, 16, 1, *struct.unpack("<HHI4x", entry), 0)
    for refused in (more, big):
        assert pixels_of(refused) == 0
        with pytest.raises(PictureRefused, match="more than 65536 values"):
            decode(refused)


def test_a_png_of_endless_parts_is_refused() -> None:
    data = saved(RAMP, "PNG")
    empty = struct.pack(">I", 0) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    assert decode(data[:33] + 9_000 * empty + data[33:]).grey.shape == RAMP.shape
    with pytest.raises(PictureRefused, match="more than 10000 parts"):
        decode(data[:33] + 10_000 * empty + data[33:])


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = saved(RAMP, "JPEG", progressive=True)
    assert decode(data).grey.shape == RAMP.shape
    begin = data.rindex(b"\xff\xda")
    with pytest.raises(PictureRefused, match="more than 200 scans"):
        decode(data[:begin] + data[begin:-2] * 200 + data[-2:])


def test_only_a_jpeg_has_scans() -> None:
    pattern = np.tile(np.frombuffer(b"\xff\xda", np.uint8), (64, 64))  # a scan's mark, all over the pixels
    np.testing.assert_array_equal(decode(saved(pattern, "BMP")).grey, pattern)


def test_browsers_show_all_but_tiff() -> None:
    assert decode(saved(RAMP, "PNG")).viewable
    assert not decode(saved(RAMP, "TIFF")).viewable


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "viewable"), [(1, True), (3, False), (6, False)])
def test_browsers_are_not_left_to_turn_a_picture(file_format: str, orientation: int, viewable: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert decode(saved(RAMP, file_format, exif=exif)).viewable == viewable


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the picture is to be shown a quarter turn clockwise
    grey = decode(saved(RAMP, "PNG", exif=exif)).grey
    np.testing.assert_array_equal(grey, np.rot90(RAMP, -1))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_exif_that_cannot_be_read_costs_no_picture(file_format: str) -> None:
    options = {"lossless": True} if file_format == "WEBP" else {}
    garbled = saved(RAMP, file_format, exif=b"Exif\0\0no orientation", **options)
    np.testing.assert_array_equal(decode(garbled).grey, RAMP)


def test_bytes_behind_a_jpegs_end_are_ignored() -> None:
    data = saved(RAMP, "JPEG")
    np.testing.assert_array_equal(decode(data + b"<script>" * 50).grey, decode(data).grey)


def test_of_a_telephones_several_pictures_the_first_is_read() -> None:
    data = saved(RAMP, "MPO", save_all=True, append_images=[Image.fromarray(COLOUR)])
    picture = decode(data, "image/jpeg")
    assert picture.extension == ".jpg"
    np.testing.assert_array_equal(picture.grey, decode(saved(RAMP, "JPEG")).grey)


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IDAT"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"hello, I am no picture", "not a JPEG, PNG, BMP, TIFF or WebP"),
        (b"II am no picture", "not a JPEG, PNG, BMP, TIFF or WebP"),
        (saved(RAMP, "GIF"), "not a JPEG, PNG, BMP, TIFF or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG, PNG, BMP, TIFF or WebP"),
        (saved(RAMP, "JPEG")[:-900], "damaged or incomplete"),
        (saved(RAMP, "PNG")[:-60], "damaged or incomplete"),
        (saved(RAMP, "BMP")[:-60], "damaged or incomplete"),
        (saved(RAMP, "TIFF")[:-300], "damaged or incomplete"),
        (saved(RAMP, "WEBP")[:-30], "damaged or incomplete"),
        (saved(RAMP[:63], "PNG"), "each side must be between 64 and 8192 px"),
        (png_header(8193, 100), "each side must be between 64 and 8192 px"),
        (png_header(8000, 5001), "8000 x 5001 px; at most 40 megapixels"),
        (png_header(0, 0), "not a JPEG, PNG, BMP, TIFF or WebP|damaged|between 64"),
        (saved(Image.fromarray(RAMP.astype(np.float32)), "TIFF"), "32-bit or signed pixels"),
    ],
    ids=[
        "empty", "text", "text as II", "gif", "svg", "cut jpeg", "cut png", "cut bmp", "cut tiff", "cut webp",
        "too small", "too wide", "bomb", "zero size", "float",
    ],
)  # fmt: skip
def test_refused_with_the_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(PictureRefused, match=sentence):
        decode(data)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_animations_and_pages_are_refused(file_format: str) -> None:
    data = saved(
        Image.fromarray(RAMP), file_format, save_all=True, append_images=[Image.fromarray(RAMP[:, ::-1].copy())]
    )
    with pytest.raises(PictureRefused, match="more than one picture"):
        decode(data)


def test_corrupt_pixels_are_refused() -> None:
    data = bytearray(saved(RAMP, "PNG"))
    data[60:80] = b"\xff" * 20
    with pytest.raises(PictureRefused, match="damaged"):
        decode(bytes(data))


@pytest.mark.parametrize("declared", ["image/png", "image/png; charset=binary", "image/svg+xml", "image/gif"])
def test_a_declared_type_that_disagrees_is_refused(declared: str) -> None:
    with pytest.raises(PictureRefused, match=r"declared as image/.* but is a JPEG file"):
        decode(saved(RAMP, "JPEG"), declared)


@pytest.mark.parametrize("declared", ["image/jpeg", "image/jpg", "IMAGE/JPEG", "image/*", "application/octet-stream"])
def test_a_declared_type_that_agrees_or_says_nothing_is_accepted(declared: str) -> None:
    assert decode(saved(RAMP, "JPEG"), declared).extension == ".jpg"
