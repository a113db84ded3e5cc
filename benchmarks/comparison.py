"""Peers on the same machine, model, sheets and cores: `python -m benchmarks.comparison`.

LitServe and BentoML are set up as their documentation advises for CPUs; the plain Flask service does what the first
system did. Each is asked in turn with this platform, which runs all along; both are posted the same multipart forms by
as many clients, the platform through nginx. Peers decode, run the network, cut it and answer the mask, and plain Flask
draws its contour into a file; the platform also finds, measures and judges the defects, draws the overlay, and stores
five files on the disk and an entry in the history.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import requests
from numpy.typing import NDArray

from benchmarks import clients, served
from benchmarks.peers.running import install, running
from benchmarks.results import Section
from benchmarks.timing import alternate, progress
from defect_api.images import decode
from defect_api.overlap import overlap, pooled
from defect_api.png import decode_png
from defect_api.segmenter import padded
from defect_api.served_model import ServedModel
from defect_api.settings import Settings
from defect_api.thresholds import cut

CLIENTS = 4
LIMIT_SHEETS, LIMIT_ROUNDS = 32, 9
PEERS = (
    ("LitServe", "openvino", 1.5),
    ("BentoML", "openvino", 1.5),
    ("LitServe", "keras", 4.0),
    ("BentoML", "keras", 4.0),
    ("plain Flask", "keras", 25.0),
)
Mask = NDArray[np.bool_]


@dataclass
class Compared:
    """A peer's runs and ours beside them."""

    name: str
    dice: float
    theirs: list[clients.Load] = field(default_factory=list)
    ours: list[clients.Load] = field(default_factory=list)

    @property
    def times(self) -> float:
        """Return how many times the peer's sheets a second ours are."""
        return clients.middle(self.ours, "rate") / clients.middle(self.theirs, "rate")


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of each run (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    clients.check()
    progress("installing the peers, where they are missing")
    install()
    given = served.settings()
    progress("loading the model")
    model = served.load(given)
    section = Section("comparison", "Peers")
    section.say(" ".join(str(__doc__).split("\n\n")[1].split()), "")
    with (
        tempfile.TemporaryDirectory() as place,
        clients.sheets(served.pictures()) as folder,
        served.platform() as platform,
    ):
        ours = {"openvino": masks_of_platform(platform.url, model), "keras": masks_in_f32(model, given)}
        inspections, limit, found = f"{platform.url}/api/v1/inspections", network_limit(model, given), []
        for peer, engine, _ in PEERS:
            progress(f"{peer} with {engine}")
            environment = settings_of(model, engine, given, Path(place))
            with running(peer, environment, Path(place) / "peer.log") as url:
                begun = time.perf_counter()
                agreement = pooled(map(overlap, masks_of_peer(url), ours[engine])).dice
                each = Compared(f"{peer}, {named(engine, model)}", agreement)
                # a slow one is given the time for as many answers as it just gave
                seconds = max(options.seconds, time.perf_counter() - begun)
                check(each, model, engine)
                clients.wrk(url, folder, CLIENTS, 2)
                for _ in range(options.rounds):
                    each.theirs.append(clients.wrk(url, folder, CLIENTS, seconds))
                    each.ours.append(clients.wrk(inspections, folder, CLIENTS, options.seconds))
            found.append(each)
    show(section, found, limit)
    section.publish(served.described(model))


def show(section: Section, found: list[Compared], limit: float) -> None:
    """Tell what was found, and decide."""
    section.say(f"{CLIENTS} clients (wrk). The bare network on all cores does {limit:.1f} sheets/s.")
    heads = [
        "",
        "sheets/s",
        "p50 ms",
        "p99 ms",
        "failed",
        "Dice of its masks with ours in its precision",
        "ours, sheets/s",
        "ours / this",
    ]
    section.table(heads, [_row(each) for each in found])
    for each, (peer, engine, wanted) in zip(found, PEERS, strict=True):
        times, target, bare = wanted, f"at least {wanted:g} times", limit / clients.middle(each.theirs, "rate")
        if bare < wanted and peer == "plain Flask":
            times = bare
            target += f", or the bare network's own {bare:.1f}"
        elif bare < wanted:
            target += f" (the bare network alone: {bare:.2f})"
        section.goal(
            f"sheets a second against {peer}, {'the same compiled network' if engine == 'openvino' else 'Keras'}",
            target,
            f"{each.times:.1f} times",
            reached=each.times >= times,
        )


def settings_of(model: ServedModel, engine: str, given: Settings, place: Path) -> dict[str, str]:
    """Return what a peer is told: as many processes and threads as the platform has."""
    compiled = engine == "openvino"
    precision = model.segmenter.precision
    return {
        "ENGINE": engine,
        "NETWORK": str(served.network(model.package, precision, given) if compiled else model.package.weights),
        "STRIDE": str(model.package.card.input.stride),
        "PRECISION": precision,
        "THREADS": str(given.cpu_threads),
        "WORKERS": str(given.processes),
        "THRESHOLD": str(cut(model.package.card.threshold.value) / 255 - 1 / 510),  # what rounds to the least value
        "DRAWINGS": str(place),
    }


def network_limit(model: ServedModel, given: Settings) -> float:
    """Measure the sheets a second of the bare network when all cores run it."""
    batch = padded(np.full((256, 1600), 100, np.uint8), model.package.card.input.stride)
    with ThreadPoolExecutor(given.predictions) as cores:
        works = {"network": lambda: list(cores.map(model.segmenter.forward, [batch] * LIMIT_SHEETS))}
        return LIMIT_SHEETS * 1000 / alternate(works, LIMIT_ROUNDS)["network"].ms


def masks_of_platform(url: str, model: ServedModel) -> list[Mask]:
    """Return the platform's masks of the sheets, from the maps that it stored."""
    least = cut(model.package.card.threshold.value)
    return [decode_png(data) >= least for data in _maps(url)]


def masks_in_f32(model: ServedModel, given: Settings) -> list[Mask]:
    """Return the model's masks of the sheets as a peer has them that runs it in f32, as Keras does."""
    plain = served.load(given.model_copy(update={"precision": "f32"}))
    least = cut(model.package.card.threshold.value)
    return [plain.maps(decode(picture).grey).q >= least for picture in served.pictures()]


def masks_of_peer(url: str) -> list[Mask]:
    """Return a peer's masks of the sheets."""
    return [decode_png(_posted(url, number, picture).content) > 0 for number, picture in enumerate(served.pictures())]


def check(each: Compared, model: ServedModel, engine: str) -> None:
    """Raise RuntimeError where a peer's masks are not those of the model."""
    precision = model.segmenter.precision if engine == "openvino" else "f32"
    least = model.package.card.tolerance[precision].dice
    if each.dice < least:
        raise RuntimeError(f"the masks of {each.name} are not ours: Dice {each.dice:.4f}, at least {least}")


def named(engine: str, model: ServedModel) -> str:
    """Tell which network a peer runs."""
    return f"OpenVINO {model.segmenter.precision}" if engine == "openvino" else "Keras"


def _maps(url: str) -> Iterator[bytes]:
    for number, picture in enumerate(served.pictures()):
        record = _posted(f"{url}/api/v1/inspections", number, picture).json()
        yield requests.get(f"{url}/media/{record['files']['probability_map']}", timeout=60).content


def _posted(url: str, number: int, picture: bytes) -> requests.Response:
    files = {"image": (f"mask-{number}.jpg", io.BytesIO(picture), "image/jpeg")}
    answer = requests.post(url, files=files, timeout=120)
    answer.raise_for_status()
    return answer


def _row(each: Compared) -> list[str]:
    p50, p99 = (f"{clients.middle(each.theirs, name):.0f}" for name in ("p50", "p99"))
    failed = sum(load.refused + load.other for load in each.theirs)
    return [
        each.name,
        f"{clients.middle(each.theirs, 'rate'):.1f}",
        p50,
        p99,
        str(failed),
        f"{each.dice:.4f}",
        f"{clients.middle(each.ours, 'rate'):.1f}",
        f"{each.times:.1f}",
    ]


if __name__ == "__main__":
    main()
