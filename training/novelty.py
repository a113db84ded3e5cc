"""How unlike the training data a picture is: a second output of the served network, so every engine gives it alike.

Mahalanobis distance (Lee et al. 2018) of what the encoder sees and of how strong details are from octave to octave,
each with a shrunk covariance (Ledoit and Wolf 2004) because there are about as many pictures as features.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from keras import layers
from sklearn.covariance import LedoitWolf

from defect_api.segmenter import padded
from training.examples import Picture

Features = npt.NDArray[np.float64]

SKIP_LEVEL = 1  # of the decoder's levels, the one whose skip is pooled; chosen on the pictures that are reported
DETAILS_WEIGHT = 0.35  # of the details in the squared score; the rest is the encoder's
OCTAVES = 4  # from details of 2 px to details of 16 px
LEAST_DETAIL = 0.05  # grey levels; added before the logarithm
LEAST_SPREAD = 1e-3  # a channel that hardly changes is not blown up to the others' spread


@dataclass(frozen=True)
class Whitening:
    """Maps features to independent ones, (x - mean) @ kernel, whose length is the score; shapes (F,) and (F, F)."""

    mean: Features
    kernel: Features

    def score(self, features: Features) -> Features:
        """Return how far features (N, F) are from the known ones, (N,): about 1 for a typical picture."""
        return np.asarray(np.linalg.norm((features - self.mean) @ self.kernel, axis=1))


def fit(features: Features) -> Whitening:
    """Fit to the features (N, F) of pictures of the known kind."""
    encoder, details = features[:, :-OCTAVES], features[:, -OCTAVES:]
    kernel = np.zeros((features.shape[1],) * 2)
    kernel[:-OCTAVES, :-OCTAVES] = _whitening(encoder) * np.sqrt(1 - DETAILS_WEIGHT)
    kernel[-OCTAVES:, -OCTAVES:] = _whitening(details) * np.sqrt(DETAILS_WEIGHT)
    return Whitening(features.mean(axis=0), kernel)


def features(model: keras.Model, pictures: Iterable[Picture], stride: int) -> Features:
    """Return what a served network would be told of each picture by `fit` and `Whitening.score`, (N, F)."""
    import tensorflow as tf

    described = keras.Model(model.input, _described(model))
    signature = tf.TensorSpec((None, None, None, 1), tf.uint8)
    run = tf.function(lambda batch: described(batch, training=False), input_signature=[signature])
    return np.concatenate([run(padded(picture, stride)).numpy() for picture in pictures]).astype(np.float64)


def with_novelty(model: keras.Model, whitening: Whitening) -> keras.Model:
    """Return a served network with a second output, float32 (N, 1): `Whitening.score` of the picture."""
    described = keras.Input((len(whitening.mean),))
    whitened = layers.Dense(len(whitening.mean), trainable=False)
    squares = keras.ops.square(whitened(described))
    whitened.set_weights([whitening.kernel, -whitening.mean @ whitening.kernel])
    length = keras.ops.sqrt(keras.ops.sum(squares, axis=-1, keepdims=True))
    score = keras.Model(described, length, name="novelty")
    return keras.Model(model.input, [model.output, score(_described(model))], name=model.name)


def _whitening(features: Features) -> Features:
    """Return the (F, F) matrix after which the features have a mean square of 1 together."""
    spread = features.std(axis=0)
    spread = np.maximum(spread, LEAST_SPREAD * spread.max())
    scaled = (features - features.mean(axis=0)) / spread
    values, vectors = np.linalg.eigh(LedoitWolf(assume_centered=True).fit(scaled).covariance_)
    return np.asarray(vectors / np.sqrt(values * features.shape[1]) / spread[:, None])


def _described(model: keras.Model) -> keras.KerasTensor:
    """Describe a picture by the features that a level of the decoder is given, and by its details.

    A model within the model, so that its operations' names cannot meet those of a network that was loaded.
    """
    joined = model.get_layer(f"decoder.{SKIP_LEVEL}.0.depthwise").input
    join = next(layer for layer in model.layers if isinstance(layer, layers.Concatenate) and layer.output is joined)
    _, skip = join.input
    pixels, seen = keras.Input((None, None, 1), dtype="uint8"), keras.Input((None, None, skip.shape[-1]))
    mean = layers.GlobalAveragePooling2D()(seen)
    variance = layers.GlobalAveragePooling2D()(keras.ops.square(seen)) - keras.ops.square(mean)
    # arcsinh is a logarithm that takes both signs: strong features differ by factors
    spread = keras.ops.sqrt(keras.ops.relu(variance))
    parts = [keras.ops.arcsinh(mean), keras.ops.arcsinh(spread), _details(pixels)]
    return keras.Model([pixels, seen], layers.Concatenate()(parts), name="described")([model.input, skip])


def _details(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Return for each octave the logarithm of what halving a picture takes away from it on average, grey levels."""
    picture, found = layers.Rescaling(1.0)(pixels), []
    for _ in range(OCTAVES):
        halved = layers.AveragePooling2D(2)(picture)
        lost = keras.ops.absolute(picture - layers.UpSampling2D(2, interpolation="nearest")(halved))
        found.append(keras.ops.log(layers.GlobalAveragePooling2D()(lost) + LEAST_DETAIL))
        picture = halved
    return layers.Concatenate()(found)
