"""How this process keeps its memory between sheets."""

import ctypes

MIB = 1024 * 1024
# parameters of mallopt(3) by their numbers in glibc's malloc.h
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8


def keep_freed_memory() -> None:
    """Have glibc keep up to 64 MiB that were freed for the next sheet; elsewhere do nothing.

    By default much of it goes back to the kernel each time, which has to clear its pages anew
    (`python -m benchmarks.encoders` shows what that costs in decoding).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(MMAP_THRESHOLD, 32 * MIB)  # the most that glibc allows
        mallopt(TRIM_THRESHOLD, 64 * MIB)
        mallopt(ARENA_MAX, 2)  # each one keeps as much, and Python's threads seldom allocate at once
