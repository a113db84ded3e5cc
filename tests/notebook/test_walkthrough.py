"""The walkthrough: its text executes from end to end, on a tiny setting."""

import json
import re
from pathlib import Path

import pytest

from notebook.execute import execute


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
