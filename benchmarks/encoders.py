"""Ways to write and read the pictures of an inspection: `python -m benchmarks.encoders`.

PNG writers on the overlay's sheet, on a probability map and on a class map of 20 defects, against the service's own;
JPEG and PNG decoders to grey; and what keeping freed memory does for them. One thread, the CPU's own time.
"""

import io
import itertools
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import regions, served
from benchmarks.results import Section
from benchmarks.timing import alternate, progress
from defect_api.allocator import keep_freed_memory
from defect_api.images import decode
from defect_api.png import LEVEL, encode_png
from training import sheets

ROUNDS = 15
OURS = f"ours: UP, ISA-L level {LEVEL}"
Picture = NDArray[np.uint8]
Write = Callable[[Picture], Any]


def main() -> None:
    """Measure and publish; or, as `only-decode`, print what decoding a coloured PNG takes."""
    cv2.setNumThreads(1)
    colour = _coloured_png()
    if sys.argv[1:] == ["only-decode"]:
        print(f"{alternate({'decode': partial(decode, colour)}, ROUNDS)['decode'].cpu_ms:.1f}")
        return
    section = Section("encoders", "Writing and reading pictures")
    freed = _only_decode()
    keep_freed_memory()
    writers(section)
    readers(section)
    kept = alternate({"decode": partial(decode, colour)}, ROUNDS)["decode"].cpu_ms
    section.say(f"Keeping freed memory: a coloured PNG of 1600x256 px is decoded in {kept:.1f} ms instead of {freed}.")
    section.publish("one thread, the CPU's own time")


def writers(section: Section) -> None:
    """Compare PNG writers by time and size."""
    q, classes = regions.maps(1)
    pictures = {"sheet": decode(served.pictures()[1]).grey, "probability map": q, "class map": classes}
    found = {}
    for kind, picture in pictures.items():
        progress(f"writing a {kind}")
        works = {name: partial(write, picture) for name, write in png_writers().items()}
        sizes = {name: len(work()) for name, work in works.items()}
        found[kind] = {name: (times.cpu_ms, sizes[name]) for name, times in alternate(works, ROUNDS).items()}
    rows = [
        [
            name,
            *itertools.chain.from_iterable(
                (f"{found[kind][name][0]:.1f}", f"{found[kind][name][1] / 1000:.0f}") for kind in found
            ),
        ]
        for name in png_writers()
    ]
    section.table(["PNG writer", *itertools.chain.from_iterable((f"{kind} ms", "kB") for kind in found)], rows)


def png_writers() -> dict[str, Write]:
    """Return the writers by name, ours first."""
    strategies = {"RLE": cv2.IMWRITE_PNG_STRATEGY_RLE, "Huffman": cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY}
    found: dict[str, Write] = {OURS: encode_png}
    for name, strategy in strategies.items():
        found[f"OpenCV, UP, {name}"] = _opencv(
            cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP, cv2.IMWRITE_PNG_STRATEGY, strategy
        )
    for level in (1, 3, 6):
        found[f"OpenCV, level {level}"] = _opencv(cv2.IMWRITE_PNG_COMPRESSION, level)
    found["libspng, level 1"] = partial(imagecodecs.spng_encode, level=1)
    found["libdeflate level 1, of whole rows"] = partial(_deflated, level=1)
    return found


def readers(section: Section) -> None:
    """Compare decoders to grey, of a sheet whose grey stands in three channels."""
    progress("reading")
    jpeg = served.pictures()[1]
    files = {"JPEG": jpeg, "PNG": _coloured_png()}
    works: dict[str, Callable[[], object]] = {}
    for kind, data in files.items():
        works[f"{kind}, ours"] = partial(decode, data)
        works[f"{kind}, Pillow to RGB, OpenCV to grey"] = partial(_by_rgb, data)
        works[f"{kind}, OpenCV to grey"] = partial(_by_opencv, data)
    section.say("", "OpenCV takes a JPEG that was cut for a whole one, so its decoder is not used.")
    section.table(
        ["decoder", "ms"], [[name, f"{times.cpu_ms:.1f}"] for name, times in alternate(works, ROUNDS).items()]
    )


def _opencv(*options: int) -> Write:
    return lambda picture: cv2.imencode(".png", picture, options)[1]


def _deflated(picture: Picture, level: int) -> bytes:
    filtered = np.diff(picture, axis=0, prepend=np.zeros((1, picture.shape[1]), np.uint8))
    return bytes(imagecodecs.deflate_encode(filtered.tobytes(), level=level))


def _by_rgb(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY), np.uint8)


def _by_opencv(data: bytes) -> Picture:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def _coloured_png() -> bytes:
    grey = sheets.generate(served.SEED + 1, defects=[3]).image
    return cv2.imencode(".png", cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))[1].tobytes()


def _only_decode() -> str:
    command = [sys.executable, "-m", "benchmarks.encoders", "only-decode"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  # this module


if __name__ == "__main__":
    main()
