"""What the REST service answers in these tests, and how the upload form is sent."""

import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

API = "http://rest.test:9090"
ID = "coil-7-0123456789abcdef"
INSPECTIONS = f"{API}/v1/inspections"
INSPECTION = f"{INSPECTIONS}/{ID}"
NEIGHBOURS = f"{INSPECTION}/neighbours"
MODELS = f"{API}/v1/models"
POINTS = f"{MODELS}/steel-unet/operating-points"
RECORD: dict[str, Any] = {
    "id": ID,
    "created_at": "2026-01-31T12:00:05Z",
    "schema_version": 1,
    "image": {"filename": "coil-7.jpg", "sha256": "ab" * 32, "width": 1600, "height": 256, "bytes": 123456},
    "model": {"name": "steel-unet", "version": "3", "digest": "sha256:" + "cd" * 32, "engine": "k", "precision": "f32"},
    "verdict": "defect",
    "reasons": [],
    "defect_probability": 0.9731,
    "max_probability": 0.99991,
    "threshold": {"value": 0.51, "method": "calibrated", "otsu": {"value": 0.34, "separability": 0.6}},
    "similarity": {"score": 0.83, "limit": 0.5},
    "defects": [
        {
            "type": "class 3",
            "type_probability": 0.91,
            "mean_probability": 0.84,
            "max_probability": 0.99991,
            "area_px": 12345,
            "area_px_range": [12000, 13000],
            "box": [10, 20, 300, 40],
            "length_px": 305.5,
            "length_px_range": [300.0, 310.0],
            "width_px": 38.2,
            "orientation_deg": 90.0,
            "edge_distance_px": 10,
            "polygons": [[[[10, 20], [310, 20], [310, 60], [10, 20]]]],
        }
    ],
    "defect_area_fraction": 0.0301,
    "scale": None,
    "files": {
        "original": f"{ID}.jpg",
        "view": None,
        "overlay": f"{ID}_overlay.png",
        "probability_map": f"{ID}_prob.png",
        "class_map": f"{ID}_class.png",
    },
    "timings_ms": {"decode": 2.0, "predict": 400.0, "regions": 5.0, "overlay": 9.0, "store": 20.0, "total": 436.0},
}

MODEL: dict[str, Any] = {
    "name": "steel-unet",
    "version": "3",
    "digest": "sha256:" + "cd" * 32,
    "active": True,
    "card": {
        "classes": ["class 1", "class 3"],
        "threshold": {"value": 0.51, "min_peak": 0.8, "min_region_px": 600, "join_px": 4},
    },
}
OPERATING_POINTS: dict[str, Any] = {
    "name": "steel-unet",
    "version": "3",
    "digest": "sha256:" + "cd" * 32,
    "data": "200 sheets kept apart",
    "method": "bootstrap",
    "points": [
        {
            "threshold": 0.5,
            "misses_per_100": {"value": 4.0, "interval": [2.0, 7.0]},
            "false_calls_per_100": {"value": 6.0, "interval": [4.0, 9.0]},
        }
    ],
}


def problem(status: int, detail: str) -> dict[str, Any]:
    """The keyword arguments of a `responses` answer that is a problem document."""
    document = {"type": "urn:x", "title": "x", "status": status, "detail": detail, "instance": "/", "request_id": "r"}
    return {"status": status, "json": document, "content_type": "application/problem+json"}


def post_file(
    client: FlaskClient, name: str = "coil-7.jpg", part: str = "file", headers: dict[str, str] | None = None
) -> TestResponse:
    """Send the upload form as a browser or a script does."""
    return client.post("/upload", data={part: (io.BytesIO(b"\xff\xd8\xff picture"), name)}, headers=headers)


def asked(rest: responses.RequestsMock) -> dict[str, list[str]]:
    """The first query that the site sent."""
    return parse_qs(urlsplit(str(rest.calls[0].request.url)).query)


def show(client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], query: str = "") -> str:
    """The page of a prediction."""
    rest.get(INSPECTION, json=record)
    response = client.get(f"/prediction?filename={ID}.jpg{query}")
    assert response.status_code == 200
    return response.text
