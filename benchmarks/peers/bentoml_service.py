"""BentoML (https://docs.bentoml.com): a worker for each core, as its page on workers advises."""

import os
from pathlib import Path
from typing import Annotated

import bentoml

from benchmarks.peers.inference import load, segment

Picture = Annotated[Path, bentoml.validators.ContentType("image/*")]
Mask = Annotated[bytes, bentoml.validators.ContentType("image/png")]


@bentoml.service(workers=int(os.environ["WORKERS"]), traffic={"timeout": 60})
class Segmenter:
    """The network behind BentoML's own form of a service."""

    def __init__(self) -> None:
        self._network = load()

    @bentoml.api(route="/segment")
    def segment(self, image: Picture) -> Mask:
        """Answer with the mask."""
        return segment(self._network, image.read_bytes())
