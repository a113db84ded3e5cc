"""Runs the benchmarks one after the other, each in a process of its own: `python -m benchmarks [SECTION...]`.

Each publishes its own section as it ends, so that a run that is cut leaves what it has.
"""

import subprocess
import sys

from benchmarks.results import SECTIONS
from benchmarks.timing import progress


def main() -> None:
    """Run those that are named, or all."""
    wanted = [name for argument in sys.argv[1:] for name in argument.split(",")] or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        sys.exit(f"there is no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    failed = []
    for name in wanted:
        progress(f"--- {name}")
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if subprocess.run(command, check=False).returncode:  # noqa: S603  # our own module
            failed.append(name)
    if failed:
        sys.exit(f"these failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
