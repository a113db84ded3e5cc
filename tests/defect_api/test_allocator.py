"""Memory that one sheet leaves is there for the next."""

import subprocess
import sys

import pytest

# an array of a sheet's size in parts, as Pillow makes it of a picture
PROGRAM = """
import resource
from defect_api.allocator import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if {keep}:
    keep_freed_memory()
for _ in range(3):
    [bytes(65536) for _ in range(100)]
before = faults()
[bytes(65536) for _ in range(100)]
print(faults() - before)
"""


def page_faults(*, keep: bool) -> int:
    program = PROGRAM.format(keep=keep)
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the allocator is not glibc's")
def test_the_next_sheet_needs_no_new_pages() -> None:
    assert page_faults(keep=False) > 1000
    assert page_faults(keep=True) < 100
