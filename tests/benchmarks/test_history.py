"""The synthetic history that lists are timed over."""

from pathlib import Path

from benchmarks.history import fill
from defect_api.history.history import History
from defect_api.listing import record_page
from defect_api.media import MediaVolume
from defect_api.schemas import RecordQuery
from defect_api.settings import Settings


def test_every_synthetic_record_is_one_that_the_service_lists(tmp_path: Path) -> None:
    settings = Settings(media_dir=tmp_path / "media", state_dir=tmp_path / "state")
    media = MediaVolume(settings.media_dir)
    history = History(settings, media)
    history.prepare()

    fill(media, history.index, 3, seed=1)

    listed = [record.id.split("-")[0] for record in record_page(history, RecordQuery()).items]
    history.close()
    assert listed == ["coil_2", "coil_1", "coil_0"]
