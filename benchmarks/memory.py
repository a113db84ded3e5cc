"""Memory of the services over many requests: `python -m benchmarks.memory --requests 20000`.

Sheets of 800x128 px, four clients, through nginx. Gunicorn's recycling is far off (20,000 requests a worker), so that a
growth would show.
"""

import argparse
import math
from itertools import pairwise
from pathlib import Path

from benchmarks import clients, served
from benchmarks.results import Section
from benchmarks.start import memory
from benchmarks.timing import progress
from tests.system.platform import Platform

SIZE = (128, 800)
LOOKS = 10
CLIENTS = 4
MOST_MB = 700
# of the memory when a tenth of the requests was answered
MOST_GROWTH = 0.05


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    wanted = parser.parse_args().requests
    clients.check()
    given = served.settings()
    progress("loading the model")
    described = served.described(served.load(given))
    section = Section("memory", "Memory")
    with clients.sheets(served.pictures(16, *SIZE)) as folder, served.platform() as running:
        looks = [(0, largest(running))]
        while looks[-1][0] < wanted:
            looks.append(posted(running, folder, looks, wanted))
            progress(f"{looks[-1][0]} requests, {looks[-1][1]:.0f} MB a worker")
    show(section, looks, given.processes)
    section.publish(described)


def posted(running: Platform, folder: Path, looks: list[tuple[int, float]], wanted: int) -> tuple[int, float]:
    """Post for some seconds; return the requests until now and the memory after them."""
    url = f"{running.url}/api/v1/inspections"
    if len(looks) == 1:
        seconds = 5.0
    else:
        pace = looks[1][0] / 5
        seconds = math.ceil(min(wanted / LOOKS, wanted - looks[-1][0]) / pace)
    load = clients.wrk(url, folder, CLIENTS, max(1.0, seconds))
    if load.other:
        raise RuntimeError(f"{load.other} requests failed")
    return looks[-1][0] + load.told, largest(running)


def largest(running: Platform) -> float:
    """Return the memory of the largest worker of the REST service, MB, its own and its share of what is shared."""
    main, *workers = running.members("api")
    return max(memory(pid, "Pss") for pid in workers if _parent(pid) == main)


def show(section: Section, looks: list[tuple[int, float]], workers: int) -> None:
    """Tell what was found, and decide."""
    section.say(
        f"Sheets of {SIZE[1]}x{SIZE[0]} px, {CLIENTS} clients; proportional set size (PSS) of the largest of {workers} "
        "workers."
    )
    section.table(["requests", "MB"], [[f"{count:,}", f"{mb:.0f}"] for count, mb in looks])
    early = next(mb for count, mb in looks if count >= looks[-1][0] / LOOKS)
    growth = looks[-1][1] / early - 1
    rising = all(later[1] > earlier[1] for earlier, later in pairwise(looks[2:]))
    section.goal(
        f"growth of a worker's memory over {looks[-1][0]:,} requests, from a tenth of them on",
        f"none (at most {MOST_GROWTH:.0%})",
        f"{growth:+.1%}{', rising to the end' if rising else ''}",
        reached=growth <= MOST_GROWTH,
    )
    most = max(mb for _, mb in looks)
    section.goal(
        f"memory of a worker, sheets of {SIZE[1]}x{SIZE[0]} px",
        f"at most {MOST_MB} MB",
        f"{most:.0f} MB",
        reached=most <= MOST_MB,
    )


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


if __name__ == "__main__":
    main()
