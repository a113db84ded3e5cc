"""What every peer does with a sheet: decode, run the network, cut at the threshold, answer the mask as a PNG.

`ENGINE` is `openvino` or `keras`, `NETWORK` the file it loads, `PRECISION`, `THREADS` and `THRESHOLD` as ours.
"""

import os
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

THRESHOLD = float(os.environ["THRESHOLD"])
THREADS = int(os.environ["THREADS"])
Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def load() -> Network:
    """Return what gives a batch (uint8, N x H x W x 1) its probabilities (float32, N x H x W x (1 + K))."""
    cv2.setNumThreads(THREADS)
    return _openvino() if os.environ["ENGINE"] == "openvino" else _keras()


def segment(network: Network, data: bytes) -> bytes:
    """Return the mask of a sheet as a PNG."""
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    probability = network(grey[None, :, :, None])[0, :, :, 0]
    # the compiled network answers on a coarser grid
    return encoded(cv2.resize(probability, grey.shape[::-1], interpolation=cv2.INTER_LINEAR) >= THRESHOLD)


def encoded(mask: NDArray[np.bool_]) -> bytes:
    """Return a mask as a PNG."""
    return cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes()


def _openvino() -> Network:
    import openvino

    core = openvino.Core()
    model = core.read_model(os.environ["NETWORK"])
    model.reshape([1, 256, 1600, 1])
    hint = "bf16" if os.environ["PRECISION"] == "bf16" else "f32"
    hints = {"INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    compiled = core.compile_model(model, "CPU", {**hints, "INFERENCE_PRECISION_HINT": hint})
    return lambda batch: compiled(batch)[0]


def _keras() -> Network:
    os.environ |= {"TF_NUM_INTRAOP_THREADS": str(THREADS), "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(os.environ["NETWORK"], compile=False)
    run = tf.function(lambda batch: model(batch, training=False))

    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        output = run(batch)
        return np.asarray(output[0] if isinstance(output, list | tuple) else output)

    return forward
