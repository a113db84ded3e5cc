"""What the processor can do at most, by products of large matrices, and where a network's time goes.

All by OpenVINO, which runs the network too; NumPy's own products may be slowed by settings of the machine.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops

SIDE = 2048
RUNS = 7  # of a profile
CONVOLUTIONS = ("Convolution", "GroupConvolution")


def product(precision: str, threads: int) -> Callable[[], object]:
    """Return what multiplies two matrices of 2048 x 2048 numbers: 8.6 G multiply-adds."""
    rng = np.random.default_rng(0)
    left = ops.parameter([SIDE, SIDE], np.float32)
    right = rng.integers(-127, 128, (SIDE, SIDE)).astype(np.int8)
    if precision == "int8":
        levels = [np.float32(value) for value in (-128, 127, -128, 127)]
        taken = ops.fake_quantize(left, *levels, 256)
        weights = ops.multiply(ops.convert(ops.constant(right), np.float32), np.float32(1))
    else:
        taken, weights = left, ops.constant(right.astype(np.float32))
    model = openvino.Model([ops.matmul(taken, weights, False, True)], [left])
    request = compiled(model, precision, threads).create_infer_request()
    values = rng.integers(-128, 128, (SIDE, SIDE)).astype(np.float32)
    return lambda: request.infer([values], share_inputs=True)


def compiled(model: Any, precision: str, threads: int, **more: object) -> Any:
    """Compile a network for the CPU."""
    hint = "bf16" if precision == "bf16" else "f32"
    hints = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint, **more}
    return openvino.Core().compile_model(model, "CPU", hints)


def sized(network: Path, shape: tuple[int, ...]) -> Any:
    """Read a network and give it an input of that shape (N x H x W x 1)."""
    model = openvino.Core().read_model(network)
    model.reshape(list(shape))
    return model


def multiply_adds(model: Any) -> Counter[str]:
    """Count the multiply-adds of a network of a fixed size, by the kind of layer: convolutions and matrix products."""
    found: Counter[str] = Counter()
    for node in model.get_ordered_ops():
        found[node.get_type_name()] += _multiply_adds(node)
    return found


def _multiply_adds(node: Any) -> int:
    kind = node.get_type_name()
    if kind in CONVOLUTIONS:
        # weights are (groups, ) out, in, height, width; each is used once for every pixel of the output
        pixels = int(np.prod(list(node.output(0).shape)[2:])) * int(node.output(0).shape[0])
        return pixels * int(np.prod(list(node.input_value(1).shape)))
    if kind == "MatMul":
        return int(np.prod(list(node.output(0).shape))) * int(list(node.input_value(0).shape)[-1])
    return 0


def profile(model: Any, precision: str, threads: int, pixels: np.ndarray[Any, Any]) -> list[tuple[str, float]]:
    """Return the kinds of a network's layers with their ms in a run, the slowest first, by OpenVINO's counters."""
    request = compiled(model, precision, threads, PERF_COUNT=True).create_infer_request()
    taken: dict[str, list[float]] = {}
    for _ in range(RUNS):
        request.infer([pixels], share_inputs=True)
        spent: Counter[str] = Counter()
        for layer in request.profiling_info:
            spent[f"{layer.node_type}, {layer.exec_type}"] += layer.real_time.total_seconds() * 1000
        for name, ms in spent.items():
            taken.setdefault(name, []).append(ms)
    return sorted(((name, float(np.median(ms))) for name, ms in taken.items()), key=lambda each: -each[1])
