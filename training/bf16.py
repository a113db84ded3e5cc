"""Lets a package be computed in bf16 where a processor does so itself; the form is the one for f32."""

from pathlib import Path

from defect_api.engines import Precision
from defect_api.model_package import ModelPackage
from defect_api.openvino_segmenter import has_bf16
from training import precisions
from training.datasets import Dataset
from training.examples import DataError

PRECISION: Precision = "bf16"
MOST_LOST = 0.003  # of pooled Dice


def add(package: Path, dataset: Dataset, version: str, models: Path) -> ModelPackage:
    """Write a further version of a package, with what bf16 is off by; see `precisions.add` for errors.

    Raises DataError where this processor does not compute in it itself.
    """
    if not has_bf16():
        raise DataError("this processor does not compute in bf16 itself, so what that costs is measured on another one")
    return precisions.add(package, dataset, version, models, PRECISION, MOST_LOST)
