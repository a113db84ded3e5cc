"""Runs that alternate, so that whatever else the machine does meets all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Times:
    """How long each run of something took, in ms: on the clock, and of the CPU in all threads of this process."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, work: Callable[[], object]) -> None:
        """Run `work` once more."""
        clock, cpu = time.perf_counter(), time.process_time()
        work()
        self.clock.append((time.perf_counter() - clock) * 1000)
        self.cpu.append((time.process_time() - cpu) * 1000)

    @property
    def ms(self) -> float:
        """Return the median on the clock."""
        return median(self.clock)

    @property
    def cpu_ms(self) -> float:
        """Return the median of the CPU's time."""
        return median(self.cpu)


def alternate(works: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2) -> dict[str, Times]:
    """Run all works in turn, `rounds` times, after some turns that do not count."""
    taken = {name: Times() for name in works}
    for turn in range(-warm_up, rounds):
        for name, work in works.items():
            (taken[name] if turn >= 0 else Times()).add(work)
    return taken


def progress(text: str) -> None:
    """Tell what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
