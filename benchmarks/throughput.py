"""Sheets a second and latencies through the real nginx and Gunicorn, closed and open loop, against the bare loop.

`python -m benchmarks.throughput`. Clients, nginx and services share the machine's cores.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks import bare, clients, served
from benchmarks.overload import Outcome, overload
from benchmarks.results import Section
from benchmarks.timing import progress
from defect_api.settings import Settings, available_cpus
from tests.system.platform import Platform

CLIENTS = (1, 2, 4, 8, 16)
ROUNDS = 3
LEAST_SHARE = 0.80
LOADED, LONGEST = 0.70, 3
CROWD = 48
# wrk leaves without its last answers, and their sheets must not hold places in the next run
LEFT_S = 2


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each run (default: %(default)s)")
    seconds = parser.parse_args().seconds
    clients.check()
    given = served.settings()
    progress("loading the model")
    described = served.described(served.load(given))
    section = Section("throughput", "Through nginx, against the bare loop")
    section.say(
        f"{given.processes} workers with {given.cpu_threads} CPU thread(s) each, QUEUE={given.queue}; nginx's limits "
        f"are raised: {', '.join(f'{name}={value}' for name, value in served.PLATFORM.items())}. Every sheet is a new "
        "one, and is stored."
    )
    progress("starting the platform")
    with clients.sheets(served.pictures()) as folder, served.platform() as running:
        closed = closed_loop(section, running, folder, seconds)
        best = max(closed, key=lambda count: clients.middle(closed[count], "rate"))
        against_bare(section, running, folder, best, seconds)
        most, unloaded = clients.middle(closed[best], "rate"), clients.middle(closed[1], "p50")
        open_loop(section, running, folder, most, unloaded, 3 * seconds)
        crowd(section, running, given, seconds)
    section.publish(described)


def closed_loop(section: Section, running: Platform, folder: Path, seconds: float) -> dict[int, list[clients.Load]]:
    """Have 1 to 16 clients post and wait (wrk), in turn; return the runs of each number."""
    url = f"{running.url}/api/v1/inspections"
    found: dict[int, list[clients.Load]] = {count: [] for count in CLIENTS}
    clients.wrk(url, folder, 4, 3)  # the first sheet of a size is compiled for
    for count in CLIENTS * ROUNDS:
        progress(f"{count} client(s)")
        found[count].append(clients.wrk(url, folder, count, seconds))
        time.sleep(LEFT_S)
    section.say(
        "",
        "Closed loop (wrk): each client posts its next sheet as soon as the last one is answered, also by 503, whose "
        "times are among the latencies.",
    )
    heads = ["clients", "sheets/s", "p50 ms", "p95 ms", "p99 ms", "told to come back (503)", "failed"]
    section.table(heads, [[count, *_closed(loads)] for count, loads in found.items()])
    return found


def against_bare(section: Section, running: Platform, folder: Path, count: int, seconds: float) -> None:
    """Compare with the bare loop, in one process on all cores and in as many processes as there are cores."""
    cores = available_cpus()
    url = f"{running.url}/api/v1/inspections"
    rates: dict[str, list[float]] = {"nginx": [], "one": [], "each": []}
    progress("loading the bare loops")
    with bare.loops(1, cores) as one, bare.loops(cores, 1) as each:
        for turn in range(ROUNDS):
            progress(f"platform and bare loops in turn, {turn + 1} of {ROUNDS}")
            rates["nginx"].append(clients.wrk(url, folder, count, seconds).rate)
            rates["one"].append(one.rate(seconds))
            rates["each"].append(each.rate(seconds))
    nginx, alone, spread = (median(found) for found in rates.values())
    rows = [
        [f"through nginx, {count} clients", f"{nginx:.1f}", "1"],
        [f"bare loop, one process, the network on {cores} cores", f"{alone:.1f}", f"{nginx / alone:.2f}"],
        [f"bare loop, {cores} processes of one core", f"{spread:.1f}", f"{nginx / spread:.2f}"],
    ]
    section.table(["", "sheets/s", "nginx / this"], rows)
    share = nginx / alone
    section.goal(
        "through nginx, of the sheets a second of the bare loop in one process",
        f"at least {LEAST_SHARE:.0%}",
        f"{share:.0%} ({nginx / spread:.0%} of {cores} processes of one core)",
        reached=share >= LEAST_SHARE,
    )


def open_loop(section: Section, running: Platform, folder: Path, most: float, unloaded: float, seconds: float) -> None:
    """Have sheets arrive at 70 % of the most that was answered (locust)."""
    rate = LOADED * most
    progress(f"{rate:.1f} sheets a second arrive")
    found = clients.locust(running.url, folder, rate, seconds)
    section.say(
        "",
        f"Open loop (locust): {rate:.1f} sheets/s arrive, {LOADED:.0%} of the most above; {found.told} answered, "
        f"{found.other} not; p50, p95, p99 are {', '.join(_latencies([found]))} ms.",
        "",
    )
    times = found.p99 / unloaded
    section.goal(
        "p99 at 70 % load, in unloaded medians",
        f"at most {LONGEST}",
        f"{times:.1f}",
        reached=times <= LONGEST and not found.other,
    )


def crowd(section: Section, running: Platform, given: Settings, seconds: float) -> None:
    """Have far more clients than there are places post: the rest are told at once, and nobody waits long."""
    progress(f"{CROWD} clients at once")
    with ThreadPoolExecutor(CROWD) as pool:
        found = overload(running.url, served.pictures(), CROWD, seconds, pool)
    told, refused = found[201], found[503]
    others = sum(map(len, found.values())) - len(told) - len(refused)
    section.say(
        "",
        f"Crowd: {CROWD} clients for {given.queue} places, each waiting as `Retry-After` says when "
        f"it is told to: {len(told)} sheets answered, median {_ms(told)} and p99 {_ms(told, 99)} ms; {len(refused)} "
        f"times 503, median {_ms(refused)} and p99 {_ms(refused, 99)} ms; {others} others.",
    )


def _ms(found: list[Outcome], percentile: int = 50) -> str:
    taken = sorted(one.ms for one in found)
    return f"{taken[min(len(taken) - 1, len(taken) * percentile // 100)]:.0f}" if taken else "no"


def _closed(loads: list[clients.Load]) -> list[str]:
    lost = (str(sum(getattr(load, name) for load in loads)) for name in ("refused", "other"))
    return [f"{clients.middle(loads, 'rate'):.1f}", *_latencies(loads), *lost]


def _latencies(loads: list[clients.Load]) -> list[str]:
    return [f"{clients.middle(loads, name):.0f}" for name in ("p50", "p95", "p99")]


if __name__ == "__main__":
    main()
