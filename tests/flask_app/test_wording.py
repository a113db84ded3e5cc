import pytest

from flask_app.wording import media_url, number, percent, size


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0.0 %"),
        (0.0001, "< 0.1 %"),
        (0.0005, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9994, "99.9 %"),
        (0.99991, "> 99.9 %"),
        (1.0, "100.0 %"),
        (None, "\u2013"),
    ],
)
def test_a_percentage_never_rounds_to_certainty(share: float | None, words: str) -> None:
    assert percent(share).replace("\u202f", " ") == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "121 kB"), (16_777_216, "16.0 MB"), (10**13, "9313 GB")],
)
def test_sizes_have_fitting_units(count: int, words: str) -> None:
    assert size(count).replace("\u202f", " ") == words


def test_numbers_are_grouped() -> None:
    assert number(1234567.891, 1) == "1\u202f234\u202f567.9"
    assert number(None) == "\u2013"


def test_a_name_on_the_media_volume_stays_one_segment() -> None:
    assert media_url("a/../b ?#%.png") == "/media/a%2F..%2Fb%20%3F%23%25.png"
