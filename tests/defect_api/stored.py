"""Inspections made from maps, without a model, for tests of what is done with them."""

import hashlib
from typing import Any

import cv2
import numpy as np

from defect_api.card import Card
from defect_api.exports.sheet import Sheet
from defect_api.judgement import Terms, judge
from defect_api.media import MediaVolume
from defect_api.names import inspection_id
from defect_api.overlay import encode_overlay
from defect_api.png import encode_png
from defect_api.record import Files, ImageFacts, ModelFacts, Record, Timings
from defect_api.room import Room
from defect_api.thresholds import Map

HEIGHT, WIDTH = 128, 320


def maps() -> tuple[Map, Map]:
    """Return a probability map of a ring, a line one pixel wide, a blob and a rectangle in the corner; its classes."""
    q, classes = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(q, (60, 60), 30, (220,), 9)
    q[20, 150:220] = 180
    noise = np.random.default_rng(7).normal(0, 60, (50, 80)).astype(np.float32)
    hill = np.hypot(*np.mgrid[-25:25, -40:40]) * -6 + 230 + cv2.GaussianBlur(noise, (0, 0), 2) * 3
    q[60:110, 160:240] = np.clip(hill, 0, 250).astype(np.uint8)
    q[100:, 300:] = 255
    classes[:, 140:] = 1
    return q, classes


def store(media: MediaVolume, card: Card, filename: str = "coil 7.png", **changes: Any) -> Record:
    """Publish an inspection of the maps (those above unless `q` is given) as the service would."""
    default, default_classes = maps()
    q, classes = changes.pop("q", default), changes.pop("classes", default_classes)
    terms = Terms(scale=changes.pop("scale", None))
    grey = np.full(q.shape, 128, np.uint8)
    data = encode_png(grey)
    sha256 = hashlib.sha256(data + filename.encode()).hexdigest()
    identifier = inspection_id(filename, sha256)
    judgement = judge(q, classes, card, terms)
    record = Record(
        id=identifier,
        created_at="2026-01-02T03:04:05.678Z",
        image=ImageFacts(filename=filename, sha256=sha256, width=q.shape[1], height=q.shape[0], bytes=len(data)),
        model=ModelFacts(name=card.name, version=card.version, digest=card.digest, engine="none", precision="f32"),
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        defect_probability=judgement.defect_probability,
        max_probability=float(q.max()) / 255,
        threshold=judgement.threshold,
        similarity=None,
        defects=judgement.regions.defects,
        defect_area_fraction=judgement.regions.area_fraction,
        scale=judgement.scale,
        files=Files(
            original=f"{identifier}.png",
            view=None,
            overlay=f"{identifier}_overlay.png",
            probability_map=f"{identifier}_prob.png",
            class_map=f"{identifier}_class.png",
        ),
        timings_ms=Timings(decode=0, predict=0, regions=0, overlay=0, store=0, total=0),
    ).model_copy(update=changes)
    with media.publication() as files:
        files.stage(record.files.original, data)
        files.stage(record.files.overlay, encode_overlay(grey, judgement.regions.mask))
        files.stage(record.files.probability_map, encode_png(q))
        files.stage(record.files.class_map, encode_png(classes))
        files.stage(f"{identifier}.json", record.model_dump_json().encode())
    return record


def sheet(media: MediaVolume, card: Card, filename: str = "coil 7.png", **changes: Any) -> Sheet:
    """Publish an inspection and return it as the exports see it."""
    return Sheet(store(media, card, filename, **changes), media, Room())
