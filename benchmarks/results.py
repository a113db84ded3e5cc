"""The results: each benchmark publishes its section, and RESULTS.md and the README's table are made of all of them.

`python -m benchmarks.results` makes both again from results.json.
"""

import json
import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from defect_api.settings import available_cpus

HERE = Path(__file__).resolve().parent
STORE, PAGE, README = HERE / "results.json", HERE / "RESULTS.md", HERE.parent / "README.md"
# in the order of the page
SECTIONS = ("stages", "throughput", "comparison", "growth", "encoders", "engines", "memory", "start")
LIBRARIES = ("openvino", "tensorflow-cpu", "keras", "opencv-python-headless", "pillow", "numpy", "gunicorn", "flask")
TABLE = re.compile(r"(?<=<!-- figures: make bench -->\n).*?(?=<!-- /figures -->)", re.DOTALL)
INTRODUCTION = """\
# How fast it is

Made by `make bench`, one section alone by `make bench ONLY=<section>`. What is compared is run in turn, so that what
else the machine does meets all of it, and the figures are medians; open loop, crowd, memory and starts are single runs.
What counts are the ratios. Everything runs on one machine: clients, nginx and services share its cores.
"""


@dataclass(frozen=True)
class Goal:
    """A figure to reach, and what was measured."""

    what: str
    target: str
    measured: str
    reached: bool


@dataclass
class Section:
    """What one benchmark found: lines of Markdown and the goals that it decides."""

    name: str
    title: str
    lines: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])

    def say(self, *lines: str) -> None:
        """Add lines, and show them."""
        print(*lines, sep="\n", flush=True)
        self.lines += lines

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add a table whose first column is text and whose others are figures."""
        self.say("", _row(heads), _row(["---", *["---:"] * (len(heads) - 1)]), *map(_row, rows), "")

    def goal(self, what: str, target: str, measured: str, *, reached: bool) -> None:
        """Add a figure to reach."""
        self.goals.append(Goal(what, target, measured, reached))
        self.say(f"{what}: {measured} (to reach: {target}; {'reached' if reached else 'not reached'}).")

    def publish(self, served: str) -> None:
        """Keep the section in place of an earlier one of its name; `served` tells the model and its engine."""
        found = {**asdict(self), "served": served, "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", **machine()}
        sections = {**_stored(), self.name: found}
        ordered = sorted(sections.items(), key=lambda section: SECTIONS.index(section[0]))
        STORE.write_text(json.dumps(dict(ordered), indent=1) + "\n")
        render()


def machine() -> dict[str, str]:
    """Return what the figures were measured on and with."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    known = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    flags = " ".join(flag for flag in known if _has(flag))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "machine": f"{cpu.group(1) if cpu else platform.machine()} ({flags}), {available_cpus()} cores, "
        f"{memory:.0f} GiB, Linux {platform.release()}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES)]
        ),
    }


def render() -> None:
    """Write RESULTS.md and the README's table."""
    sections = list(_stored().values())
    newest = max(sections, key=lambda section: section["date"])
    head = [
        INTRODUCTION,
        f"Machine: {newest['machine']}.\\",
        f"Versions: {newest['versions']}.",
        "",
        *figures(sections),
        "",
    ]
    body = [line for section in sections for line in _shown(section, newest["machine"])]
    PAGE.write_text("\n".join([*head, *body]).rstrip() + "\n")
    README.write_text(TABLE.sub(lambda _: "\n".join(["", *figures(sections), "", ""]), README.read_text()))


def figures(sections: list[dict[str, Any]]) -> list[str]:
    """Return the table of the figures to reach; a row names its model where that is not the one measured last."""
    deciding = [section for section in sections if section["goals"]]
    last = _model(max(deciding, key=lambda section: section["date"])) if deciding else ""
    rows = [
        _goal_row(Goal(**goal), "" if _model(section) == last else f" ({_model(section)})")
        for section in deciding
        for goal in section["goals"]
    ]
    return [_row(["figure", "to reach", "measured", "reached"]), "| --- | --- | --- | --- |", *rows]


def _shown(section: dict[str, Any], machine: str) -> list[str]:
    about = f"{section['date']}, {section['served']}; load of the machine before: {section['load_before']:.1f}."
    if section["machine"] != machine:
        about = f"{about} Another machine: {section['machine']}."
    return [f"## {section['title']}", "", about, *section["lines"], ""]


def _goal_row(goal: Goal, of: str) -> str:
    return _row([goal.what + of, goal.target, goal.measured, "yes" if goal.reached else "no"])


def _model(section: dict[str, Any]) -> str:
    return str(section["served"]).partition(" on ")[0]


def _stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORE.read_text()) if STORE.exists() else {}
    return found


def _has(flag: str) -> bool:
    return re.search(rf"\b{flag}\b", Path("/proc/cpuinfo").read_text()) is not None


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    render()
