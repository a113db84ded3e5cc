"""What every peer does with a sheet: decode, run the network, cut at the threshold, answer the mask as a PNG.

`ENGINE` is `openvino` or `keras`, `NETWORK` the file it loads; `STRIDE`, `PRECISION`, `THREADS` and `THRESHOLD` are as
ours.
"""

import os
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

STRIDE = int(os.environ["STRIDE"])
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
    batch = padded(grey)
    # the compiled network answers on a coarser grid
    probability = cv2.resize(network(batch)[0, :, :, 0], batch.shape[2:0:-1], interpolation=cv2.INTER_LINEAR)
    return encoded(probability[: grey.shape[0], : grey.shape[1]] >= THRESHOLD)


def padded(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H x W) as the network takes it, 1 x H x W x 1 with sides that are multiples of `STRIDE`."""
    # as the service's own does, which is not installed beside the peers
    height, width = grey.shape
    framed = cv2.copyMakeBorder(grey, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REFLECT_101)
    return framed[None, :, :, None]


def encoded(mask: NDArray[np.bool_]) -> bytes:
    """Return a mask as a PNG."""
    return cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes()


def _openvino() -> Network:
    import openvino

    core = openvino.Core()
    model = core.read_model(os.environ["NETWORK"])
    model.reshape(list(padded(np.zeros((256, 1600), np.uint8)).shape))
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
