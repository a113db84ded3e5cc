"""What only PostgreSQL does otherwise than SQLite."""

import pytest
from sqlalchemy import text

from defect_api.history.history import History
from defect_api.media import MediaVolume
from defect_api.record import Record
from tests.defect_api.history.conftest import entries, store


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_an_index_of_a_newer_version_is_told_and_made_again_when_it_is_dropped(
    history: History, media: MediaVolume, template: Record, caplog: pytest.LogCaptureFixture
) -> None:
    known = store(media, template, "sheet.png")
    with history.index.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    history.start()
    assert "its tables inspections and alembic_version are dropped" in caplog.text
    with history.index.engine.begin() as connection:
        connection.execute(text("DROP TABLE inspections, alembic_version"))
    history.start()
    assert entries(history) == {known.id}
