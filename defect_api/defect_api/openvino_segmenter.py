"""The fast engine: a compiled form of the package's `model.keras` on OpenVINO; `compiled_form` knows where it lies."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_api.places import Places

# sizes of pictures that are kept compiled; each takes up to 200 MB, and a third of a second to compile again
SIZES = 3


class OpenVinoSegmenter:
    """Runs a network in OpenVINO's format, compiled for each size of picture when it first comes."""

    engine = "openvino"

    def __init__(self, network: Path, precision: str, threads: int, turns: Places) -> None:
        """Read `network` (.xml, its weights beside it); it computes in `precision` with `threads` CPU threads.

        Of all processes that share `turns`, as many as it has places compute at once; all may be this one's.
        """
        self.precision = precision
        self._network = _core().read_model(network)
        self._hints = {
            "NUM_STREAMS": turns.count,
            "INFERENCE_NUM_THREADS": threads * turns.count,
            # several processes would pin their threads to the same cores
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        }
        self._turns = turns
        self._compiling = threading.Lock()
        self._sized = lru_cache(SIZES)(self._compiled)

    def forward(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Run the network; see `Segmenter.forward`."""
        with self._turns.wait(), self._request(batch.shape) as request:
            request.infer([np.ascontiguousarray(batch)], share_inputs=True)
            # the request's own memory is written again at its next turn
            probabilities, *novelty = [tensor.data.copy() for tensor in request.output_tensors]
        return probabilities, novelty[0] if novelty else None

    @contextmanager
    def _request(self, shape: tuple[int, ...]) -> Iterator[Any]:
        with self._compiling:
            compiled, idle = self._sized(shape)
            request = idle.pop() if idle else compiled.create_infer_request()
        yield request
        idle.append(request)

    def _compiled(self, shape: tuple[int, ...]) -> tuple[Any, deque[Any]]:
        self._network.reshape(list(shape))
        return _core().compile_model(self._network, "CPU", self._hints), deque()


def has_bf16() -> bool:
    """Tell whether this processor computes in bf16 itself; others emulate it, slower than f32, or compute in f32."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@cache
def _core() -> Any:
    """Return OpenVINO, imported after the server's fork: its thread pools do not survive one.

    Once a process: each gives the thread a stack for signals, and takes it back in the wrong order where there are
    several, so that the next signal that Python handles ends the process.
    """
    import openvino

    return openvino.Core()
