"""LitServe (https://lightning.ai/docs/litserve): a worker for each core, as its guide to speed advises."""

import os
from typing import Any

import litserve
from fastapi import Response

from benchmarks.peers.inference import load, segment


class Segmenter(litserve.LitAPI):
    """The network behind LitServe's own form of a service."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe's signature
        """Load the network in each worker."""
        self._network = load()

    def decode_request(self, request: litserve.Request) -> bytes:
        """Return the file of the form."""
        form: Any = request
        return bytes(form["image"].file.read())

    def predict(self, x: bytes) -> bytes:
        """Return the mask."""
        return segment(self._network, x)

    def encode_response(self, output: bytes) -> Response:
        """Answer with the mask."""
        return Response(output, media_type="image/png")


if __name__ == "__main__":
    server = litserve.LitServer(
        Segmenter(api_path="/segment"), accelerator="cpu", devices=1, workers_per_device=int(os.environ["WORKERS"])
    )
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
