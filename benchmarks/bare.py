"""The bare loop that the platform is compared with: decode, predict, find regions, in one process and nothing else.

`python -m benchmarks.bare THREADS` loads the model, says so, and for each number of seconds that it reads from its
input loops for as long and prints how many sheets it did.
"""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

from benchmarks import served
from defect_api.images import decode
from defect_api.judgement import judge


def main() -> None:
    """Loop as often as asked."""
    threads = int(sys.argv[1])
    cv2.setNumThreads(threads)
    model = served.load(served.settings(predict_threads=threads))
    sheets = itertools.cycle(served.pictures())
    print("ready", flush=True)
    for line in sys.stdin:
        end, done = time.perf_counter() + float(line), 0
        while time.perf_counter() < end:
            maps = model.maps(decode(next(sheets)).grey)
            judge(maps.q, maps.classes, model.package.card, observed=maps.observed)
            done += 1
        print(done, flush=True)


@contextmanager
def loops(processes: int, threads: int) -> Iterator["Loops"]:
    """Give a number of such processes, ready to loop."""
    command = [sys.executable, "-m", "benchmarks.bare", str(threads)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # this module
        for _ in range(processes)
    ]
    try:
        for each in running:
            _said(each)
        yield Loops(running)
    finally:
        for each in running:
            each.communicate()


class Loops:
    """Processes that loop when they are told."""

    def __init__(self, running: list[subprocess.Popen[str]]) -> None:
        self._running = running

    def rate(self, seconds: float) -> float:
        """Loop for some seconds; return the sheets a second of all together."""
        for each in self._running:
            print(seconds, file=each.stdin, flush=True)
        return sum(int(_said(each)) for each in self._running) / seconds


def _said(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("the bare loop ended early")
    return line


if __name__ == "__main__":
    main()
