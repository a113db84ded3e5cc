"""Hooks for schemathesis: bodies that are pictures are real ones now and then, so that answers to those are checked."""

import cv2
import numpy as np
import schemathesis
from hypothesis import strategies as st

SOUND = np.full((256, 1600), 128, np.uint8)
DEFECTIVE = cv2.rectangle(SOUND.copy(), (100, 50), (140, 80), 20, cv2.FILLED)
PICTURES = [cv2.imencode(suffix, sheet)[1].tobytes() for suffix in (".png", ".jpg") for sheet in (SOUND, DEFECTIVE)]
CONTENT = st.sampled_from(PICTURES) | st.binary(max_size=64)

schemathesis.openapi.format("binary", CONTENT)
for content_type in ("image/jpeg", "image/png", "image/bmp", "image/tiff", "image/webp"):
    schemathesis.openapi.media_type(content_type, CONTENT)
