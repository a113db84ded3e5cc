"""Adopting a media volume of the first system."""

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask

from defect_api import client, import_media
from defect_api.client import Inspector
from defect_api.import_media import main
from defect_api.media import MediaVolume
from tests.defect_api.conftest import DARK, png, sheet
from tests.defect_api.second_contract import CLEAN

Serve = Callable[[Flask], str]


def test_pictures_are_adopted_once_and_what_is_no_sheet_is_told(
    serve: Serve, app: Flask, media: MediaVolume, capsys: pytest.CaptureFixture[str]
) -> None:
    (media.folder / "old.png").write_bytes(png(sheet((100, 50, 40, 30, DARK))))
    (media.folder / "old_mask.png").write_bytes(png(sheet()))
    (media.folder / "old_1.json").write_text("{}")
    (media.folder / "old-2024010112345678.png").write_bytes(png(sheet((700, 100, 60, 20, DARK))))
    (media.folder / "broken.jpg").write_bytes(b"nothing")
    address = serve(app)
    for _ in range(2):
        assert main([address]) == 1
        output = capsys.readouterr()
        assert "2 pictures adopted, 1 refused" in output.out
        assert "broken.jpg: The file is not" in output.err
    adopted = {media.record(identifier).image.filename for identifier in media.stamps()}
    assert adopted == {"old.png", "old-2024010112345678.png"}
    assert media.path("old.png").is_file()


def test_a_long_listing_is_read_to_its_end(
    serve: Serve, app: Flask, media: MediaVolume, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 3)
    for number in range(7):
        (media.folder / f"{number}.png").write_bytes(b"nothing")
    assert main([serve(app)]) == 1
    assert "0 pictures adopted, 7 refused" in capsys.readouterr().out


def test_the_token_of_the_environment_is_sent(
    serve: Serve, make_app: Callable[..., Flask], media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    (media.folder / "old.png").write_bytes(CLEAN)
    address = serve(make_app(api_token="secret"))
    assert main([address]) == 1
    monkeypatch.setenv("API_TOKEN", "secret")
    assert main([address]) == 0


def test_a_service_that_is_away_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_media, "Inspector", partial(Inspector, retries=0))
    assert main(["http://127.0.0.1:1"]) == 2
    assert "does not answer" in capsys.readouterr().err


def test_stopping_it_is_no_failure_of_the_program(
    serve: Serve,
    app: Flask,
    media: MediaVolume,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def press_ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    (media.folder / "old.png").write_bytes(CLEAN)
    monkeypatch.setattr(Inspector, "inspect_stored", press_ctrl_c)
    assert main([serve(app)]) == 2
    assert capsys.readouterr().err == "stopped; run the command again, what was adopted is kept\n"


def test_an_address_that_is_not_the_services_is_told(
    serve: Serve, app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{serve(app)}/elsewhere"]) == 2
    assert "There is nothing at this address" in capsys.readouterr().err
