"""How tests speak to `/v1/inspections`."""

import io
import json
from typing import Any

import cv2
import numpy as np
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.defect_api.conftest import BRIGHT, DARK, pixels, png, sheet

DEFECTIVE = png(sheet((100, 50, 40, 30, DARK), (700, 100, 60, 25, BRIGHT)))
CLEAN = png(sheet())
BLURRED = png(np.asarray(cv2.GaussianBlur(pixels(DEFECTIVE), (0, 0), 5)))
URL = "/v1/inspections"
FORM = "multipart/form-data; boundary=parts"


def post(client: FlaskClient, data: bytes = DEFECTIVE, name: str = "coil 7.png", **options: Any) -> TestResponse:
    return client.post(URL, data={"image": (io.BytesIO(data), name), **options})


def form_of(name: str, content: bytes, filename: str = "") -> bytes:
    """Return a form of one part; a client of Flask's keeps large ones in files that it leaves open."""
    named = f'name="{name}"; filename="{filename}"' if filename else f'name="{name}"'
    head = f"--parts\r\nContent-Disposition: form-data; {named}\r\n\r\n"
    return head.encode() + content + b"\r\n--parts--\r\n"


def assert_problem(answer: TestResponse, status: int, slug: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    document = json.loads(answer.data)
    assert document["type"] == f"urn:surface-defect-detector:problem:{slug}"
    assert document["status"] == status
    assert document["request_id"] == answer.headers["X-Request-ID"]
    return str(document["detail"])
