"""A backup is a copy of the media folder: nothing else is needed to have everything again."""

import shutil
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from defect_api.media import MediaVolume
from tests.defect_api.second_contract import CLEAN, URL, post


def test_a_copied_media_folder_is_the_whole_history(
    make_app: Callable[..., Flask], media: MediaVolume, tmp_path: Path
) -> None:
    before = make_app().test_client()
    first, second = post(before).json, post(before, CLEAN, "clean.png").json
    assert first is not None
    shutil.copytree(media.folder, tmp_path / "restored")
    after = make_app(media_dir=tmp_path / "restored", state_dir=tmp_path / "new-state").test_client()
    listed = after.get(URL).json
    assert listed is not None
    assert listed["items"] == [second, first]
    replay = f"{URL}/{first['id']}?threshold=0.9"
    assert after.get(replay).json == before.get(replay).json
    assert post(after).status_code == 200
