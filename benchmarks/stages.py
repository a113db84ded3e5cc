"""Stages of one inspection and their share against the bare network; that against the processor's measured peak.

`python -m benchmarks.stages`. One process with the threads of one worker of the service; nothing else runs in it.
"""

import argparse
import io
import itertools
import tempfile
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import peak, served
from benchmarks.results import Section
from benchmarks.timing import Times, alternate, progress
from defect_api.app import create_app
from defect_api.images import decode
from defect_api.inspection import Inspector, Upload
from defect_api.record import Record
from defect_api.segmenter import padded
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings

SHARE = 0.35
PEAK_SHARE = 0.60
STAGES = ("decode", "predict", "regions", "overlay", "store")
HEAVIEST = 8
BATCHES = (1, 2, 4)


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    given = served.settings()
    cv2.setNumThreads(given.cpu_threads)
    progress("loading the model")
    model = served.load(given)
    section = Section("stages", "Stages of one inspection")
    with served.inspector(model, given) as inspector, tempfile.TemporaryDirectory() as media:
        inspection(section, model, inspector, given, Path(media), options.rounds)
    against_peak(section, model, given, options.rounds // 4)
    section.publish(served.described(model))


def inspection(
    section: Section, model: ServedModel, inspector: Inspector, given: Settings, media: Path, rounds: int
) -> None:
    """Time the bare network, whole inspections and whole requests in turn, each on the next sheet."""
    progress("timing the network, inspections and requests in turn")
    sheets, numbers, records = served.pictures(), itertools.count(), list[Record]()
    batches = [padded(decode(sheet).grey, model.package.card.input.stride) for sheet in sheets]
    client = _client(model, given, media)
    times = alternate(
        {
            "network": lambda: model.segmenter.forward(batches[next(numbers) % len(batches)]),
            "inspection": lambda: records.append(_inspect(inspector, sheets, next(numbers))),
            "request": lambda: _post(client, sheets, next(numbers)),
        },
        rounds,
    )
    shares(section, times, records[-rounds:], given.cpu_threads)


def shares(section: Section, times: dict[str, Times], records: list[Record], threads: int) -> None:
    """Show the stages beside the bare network, and decide whether the rest takes little enough."""
    network, whole, request = times["network"], times["inspection"], times["request"]
    section.say(f"Sheets of 1600x256 px as JPEG, {threads} CPU thread(s) as each worker has.")
    stages = {name: median(getattr(record.timings_ms, name) for record in records) for name in STAGES}
    stages["record, index"] = whole.ms - sum(stages.values())
    stages["HTTP, log, metrics"] = request.ms - whole.ms
    rows = [
        [name, f"{ms:.1f}", f"{ms / network.ms:.2f}"] for name, ms in {"bare network": network.ms, **stages}.items()
    ]
    section.table(["stage", "ms", "of the bare network"], rows)
    rest, rest_cpu = 1 - network.ms / whole.ms, 1 - network.cpu_ms / whole.cpu_ms
    section.say(
        f"Of the CPU's time, everything but the network is {rest_cpu:.0%}; of a whole request's time, HTTP, log and "
        f"metrics included, {1 - network.ms / request.ms:.0%}."
    )
    section.goal(
        "everything but the network, of an inspection's time",
        f"at most {SHARE:.0%}",
        f"{rest:.0%}",
        reached=rest <= SHARE,
    )


def against_peak(section: Section, model: ServedModel, given: Settings, rounds: int) -> None:
    """Compare the network's multiply-adds a second with those of large matrix products in its precision."""
    progress("timing the network beside large matrix products")
    precision, threads = model.segmenter.precision, given.cpu_threads
    pixels = padded(decode(served.pictures()[1]).grey, model.package.card.input.stride)
    network = peak.sized(served.network(model.package, precision, given), pixels.shape)
    by_kind = peak.multiply_adds(network)
    count = by_kind.total()
    precisions = dict.fromkeys(("f32", precision, "int8"))
    works: dict[str, Any] = {
        f"the network, {precision}": partial(model.segmenter.forward, pixels),
        **{f"matrix product, {each}": peak.product(each, threads) for each in precisions},
    }
    counts = [count] + [peak.SIDE**3] * len(precisions)
    rates = {
        name: total / times.ms / 1e6
        for total, (name, times) in zip(counts, alternate(works, rounds).items(), strict=True)
    }
    section.table(["", "G multiply-adds a second"], [[name, f"{rate:.0f}"] for name, rate in rates.items()])
    share = rates[f"the network, {precision}"] / rates[f"matrix product, {precision}"]
    section.say(f"A sheet takes the network {count / 1e9:.1f} G multiply-adds.", "")
    section.goal(
        "the network, of the processor's measured peak in its precision",
        f"{PEAK_SHARE:.0%} or the reason",
        f"{share:.0%}",
        reached=share >= PEAK_SHARE,
    )
    depthwise = by_kind["GroupConvolution"] / count
    section.say(
        "",
        f"Depthwise convolutions (GroupConvolution) do {depthwise:.0%} of the multiply-adds, few for each value read.",
    )
    layers(section, network, precision, threads, pixels)
    batching(section, model, pixels, rounds)


def layers(section: Section, network: Any, precision: str, threads: int, pixels: np.ndarray[Any, Any]) -> None:
    """Show where the network's time goes."""
    found = peak.profile(network, precision, threads, pixels)
    total = sum(ms for _, ms in found)
    section.say("", "Where the network's time goes, by OpenVINO's counters:")
    section.table(
        ["layers", "ms", "share"], [[name, f"{ms:.1f}", f"{ms / total:.0%}"] for name, ms in found[:HEAVIEST]]
    )


def batching(section: Section, model: ServedModel, pixels: np.ndarray[Any, Any], rounds: int) -> None:
    """Compare the time for a sheet when several are given to the network at once."""
    works = {count: partial(model.segmenter.forward, np.repeat(pixels, count, axis=0)) for count in BATCHES}
    times = alternate({str(count): work for count, work in works.items()}, rounds)
    alone = times["1"].ms
    together = ", ".join(f"{times[str(count)].ms / count / alone:.2f} with {count}" for count in BATCHES[1:])
    section.say(f"Micro-batching: a sheet takes {together} at once, of what it takes alone.")


def _client(model: ServedModel, given: Settings, media: Path) -> Any:
    with redirect_stdout(io.StringIO()):  # a line for each request
        return create_app(given.model_copy(update={"media_dir": media}), ModelSlot(lambda: model)).test_client()


def _inspect(inspector: Inspector, sheets: list[bytes], number: int) -> Record:
    return inspector.inspect(Upload(sheets[number % len(sheets)], f"s{number}.jpg"))[0]


def _post(client: Any, sheets: list[bytes], number: int) -> None:
    answer = client.post(
        f"/v1/inspections?filename=s{number}.jpg", data=sheets[number % len(sheets)], content_type="image/jpeg"
    )
    if answer.status_code != 201:
        raise RuntimeError(answer.text)


if __name__ == "__main__":
    main()
