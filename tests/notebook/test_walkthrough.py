"""The walkthrough: its text executes from end to end, on a tiny setting."""

import json
import re
from pathlib import Path

import cv2
import pytest
from nbclient.exceptions import CellExecutionError

from notebook.execute import execute
from training import sheets


def test_the_text_executes_to_a_notebook_and_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK_SHEETS", "12")
    monkeypatch.setenv("NOTEBOOK_STEPS", "2")
    monkeypatch.delenv("DATA", raising=False)

    executed, page = execute(tmp_path)

    cells = json.loads(executed.read_text())["cells"]
    assert all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code")
    html = page.read_text()
    assert html.count("data:image/jpeg") >= 12
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', html)


def test_pictures_of_one_kind_end_it_with_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        sheet = sheets.generate(number, width=320, defects=[1])
        for part, pixels in (("images", sheet.image), ("masks", sheet.mask)):
            (tmp_path / "rolls" / part).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(tmp_path / "rolls" / part / f"{number}.png"), pixels)
    monkeypatch.setenv("DATA", str(tmp_path / "rolls"))

    with pytest.raises(CellExecutionError, match="the 2 pictures shown are all of one kind"):
        execute(tmp_path / "notebook")
    assert not (tmp_path / "notebook").exists()
