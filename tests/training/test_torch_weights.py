"""Reading PyTorch's legacy files: tensors, and nothing that could run code."""

import pickle
from pathlib import Path

import pytest

from training import torch_weights
from training.encoder import VARIANTS, Variant, weights_file


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_the_published_weights_are_read_in_their_own_layout(variant: Variant) -> None:
    tensors = torch_weights.read(weights_file(variant))

    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_blocks.0._depthwise_conv.weight"].shape == (32, 1, 3, 3)
    assert (tensors["_bn0.running_var"] >= 0).all()


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(12345))

    with pytest.raises(ValueError, match=r"weights\.pth is no legacy PyTorch file"):
        torch_weights.read(path)


def test_a_file_that_names_other_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Path("anything")))

    with pytest.raises(pickle.UnpicklingError, match="has no business with pathlib"):
        torch_weights.read(path)
