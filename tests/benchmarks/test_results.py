"""What benchmarks publish: one section is renewed at a time, and the tables are made of all."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import results, site
from benchmarks.results import Section
from benchmarks.timing import alternate


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STORE", "PAGE", "README"):
        monkeypatch.setattr(results, name, tmp_path / name)
    (tmp_path / "README").write_text("before\n<!-- figures: make bench -->\nold\n<!-- /figures -->\nafter\n")
    return tmp_path / "PAGE"


def publish(name: str, line: str, measured: str, *, reached: bool, model: str = "model/1") -> None:
    section = Section(name, name.title())
    section.say(line)
    section.goal(f"what {name} decides", "at most 3", measured, reached=reached)
    section.publish(f"{model} on openvino f32")


def test_a_section_is_renewed_and_the_others_stay(page: Path) -> None:
    publish("memory", "first memory", "4", reached=False)
    publish("stages", "stages", "2", reached=True)
    publish("memory", "second memory", "3", reached=True)
    text = page.read_text()
    assert "first memory" not in text
    assert text.index("## Stages") < text.index("## Memory") < text.index("second memory")


def test_the_readme_has_the_figures_to_reach(page: Path) -> None:
    publish("stages", "stages", "4", reached=False)
    text = (page.parent / "README").read_text()
    assert "| what stages decides | at most 3 | 4 | no |" in text
    assert text.startswith("before\n")
    assert text.endswith("\n<!-- /figures -->\nafter\n")
    assert "old" not in text


def test_a_figure_of_another_model_or_machine_than_the_last_one_names_it(page: Path) -> None:
    publish("stages", "stages", "4", reached=True)
    publish("memory", "memory", "5", reached=True, model="model/2")
    stored = json.loads(results.STORE.read_text())
    stored["stages"] |= {"date": "2026-01-01 00:00 UTC", "machine": "an old one"}
    results.STORE.write_text(json.dumps(stored))
    results.render()
    text = page.read_text()
    assert "| what stages decides (model/1) | at most 3 | 4 | yes |" in text
    assert "| what memory decides | at most 3 | 5 | yes |" in text
    (other,) = [line for line in text.splitlines() if line.endswith("Another machine: an old one.")]
    assert "model/1 on" in other


def test_the_sites_page_is_dated() -> None:
    assert re.search(r"`make lighthouse` on \d{4}-\d\d-\d\d:", "\n".join(site.table("", {})))


def test_runs_alternate_and_warm_ups_do_not_count() -> None:
    turns: list[str] = []
    times = alternate({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, rounds=3, warm_up=1)
    assert turns == ["a", "b"] * 4
    assert [len(each.clock) for each in times.values()] == [3, 3]
