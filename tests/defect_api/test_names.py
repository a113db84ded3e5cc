"""Names: what an id takes of a client's, and what people read of it."""

import pytest

from defect_api.names import bare_name, inspection_id, safe_stem


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("0a1b.jpg", "0a1b"),
        ("my sheet (1).png", "my_sheet_1"),
        ("../../etc/passwd", "passwd"),
        ("C:\\line 3\\coil.7.bmp", "coil_7"),
        ("лист.png", "sheet"),
        ("plåt.png", "plat"),
        (".png", "png"),
        ("", "sheet"),
        (None, "sheet"),
        ("___.png", "sheet"),
        ("a" * 200 + ".jpg", "a" * 80),
    ],
)
def test_safe_stem(filename: str | None, expected: str) -> None:
    assert safe_stem(filename) == expected


def test_an_id_is_stem_and_digest() -> None:
    assert inspection_id("coil 7.jpg", "0123456789abcdef" * 4) == "coil_7-0123456789abcdef"


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a/b/c.png", "c.png"),
        ("c:\\x\\c.png", "c.png"),
        ("a\r\nSet-Cookie: b", "aSet-Cookie: b"),
        ("", "sheet"),
        ("лист.png", "лист.png"),
    ],
)
def test_bare_name_is_no_path_and_has_no_control_characters(filename: str, expected: str) -> None:
    assert bare_name(filename) == expected
