"""Large pictures are decoded and judged one at a time in all processes, small ones whenever they come."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from defect_api import inspection, room, stored
from defect_api.places import FOLDER, Places
from tests.defect_api.second_contract import CLEAN, URL, assert_problem, post


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gather, whenever a picture or a map is decoded, how many large ones are in the room."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "places"))
    seen: list[int] = []

    def noting(decode: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            seen.append(Places(1, tmp_path / "places" / "large").taken())
            return decode(*arguments)

        return noted

    for module, name in (
        (inspection, "decode"),
        (stored, "decode_png"),
        (stored, "decode"),
    ):
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    return seen


@pytest.mark.parametrize(("large", "inside"), [(64 * 64, 1), (8192 * 8192, 0)])
def test_a_large_picture_is_alone_in_the_room(
    make_app: Callable[..., Flask], taken: list[int], monkeypatch: pytest.MonkeyPatch, large: int, inside: int
) -> None:
    monkeypatch.setattr(room, "LARGE", large)
    client = make_app().test_client()
    record = post(client).json
    assert record is not None
    address = f"{URL}/{record['id']}"
    asked = ["?threshold=0.4", "/curve", "/thumbnail", "/export?format=masks", "/export?format=report&threshold=0.4"]
    assert [client.get(address + what).status_code for what in asked] == [200] * 5
    # the picture; two maps for the replay and two for the curve; the picture again; a map for the mask; for the report
    # two for the replay, the picture and a map
    assert taken == [inside] * 11


def test_no_more_than_a_few_large_pictures_wait(
    make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "places"))
    monkeypatch.setattr(room, "LARGE", 64 * 64)
    monkeypatch.setattr(room, "PATIENCE_S", 3600)
    client = make_app().test_client()
    waiting = Places(room.MOST_LARGE, tmp_path / "places" / "large-waiting")
    with Places(1, tmp_path / "places" / "large").hold(), ExitStack() as stack:
        for _ in range(room.MOST_LARGE):
            assert stack.enter_context(waiting.hold())
        assert "too many wait" in assert_problem(post(client), 503, "busy")


def test_a_large_picture_is_to_come_back_where_others_take_too_long(
    make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "places"))
    monkeypatch.setattr(room, "LARGE", 64 * 64)
    monkeypatch.setattr(room, "PATIENCE_S", 0)
    client = make_app().test_client()
    address = f"{URL}/{post(client).get_json()['id']}"
    with Places(1, tmp_path / "places" / "large").hold():
        for answer in (post(client, CLEAN), *(client.get(address + what) for what in ("?threshold=0.4", "/thumbnail"))):
            assert "one at a time" in assert_problem(answer, 503, "busy")
            assert answer.headers["Retry-After"] == "10"
        assert client.get(address).status_code == 200
    assert post(client, CLEAN).status_code == 201
