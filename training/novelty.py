"""How unlike the training data a picture is: a second output of the served network, so every engine gives it alike.

Distance to the nearest known picture (Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, 2022) by
what the encoder sees and by how strong details are from octave to octave, each whitened by a shrunk covariance (Ledoit
and Wolf 2004) because there are about as many pictures as features. A picture between several kinds of sheets is like
none of them: the Mahalanobis distance to their common mean lets it pass.
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
class Known:
    """The known pictures by independent features, (x - mean) @ kernel; shapes (F,), (F, F) and (N, F)."""

    mean: Features
    kernel: Features
    pictures: Features

    def score(self, features: Features) -> Features:
        """Return how far features (M, F) are from the nearest known picture's, (M,): about 1 for one of the kind."""
        found = (features - self.mean) @ self.kernel
        return np.asarray([np.linalg.norm(self.pictures - one, axis=1).min() for one in found])


def fit(features: Features) -> Known:
    """Keep the features (N, F) of pictures of the known kind."""
    encoder, details = features[:, :-OCTAVES], features[:, -OCTAVES:]
    kernel = np.zeros((features.shape[1],) * 2)
    kernel[:-OCTAVES, :-OCTAVES] = _whitening(encoder) * np.sqrt(1 - DETAILS_WEIGHT)
    kernel[-OCTAVES:, -OCTAVES:] = _whitening(details) * np.sqrt(DETAILS_WEIGHT)
    mean = features.mean(axis=0)
    return Known(mean, kernel, (features - mean) @ kernel)


def features(model: keras.Model, pictures: Iterable[Picture], stride: int) -> Features:
    """Return what a served network would be told of each picture by `fit` and `Known.score`, (N, F)."""
    import tensorflow as tf

    described = keras.Model(model.input, _described(model))
    signature = tf.TensorSpec((None, None, None, 1), tf.uint8)
    run = tf.function(lambda batch: described(batch, training=False), input_signature=[signature])
    return np.concatenate([run(padded(picture, stride)).numpy() for picture in pictures]).astype(np.float64)


def with_novelty(model: keras.Model, known: Known) -> keras.Model:
    """Return a served network with a second output, float32 (N, 1): `Known.score` of the picture."""
    described = keras.Input((len(known.mean),))
    whitened = layers.Dense(len(known.mean), trainable=False)
    # of |x - k|^2 = |x|^2 + (|k|^2 - 2 x k), the part that differs from one known picture k to the next
    apart = layers.Dense(len(known.pictures), trainable=False)
    found = whitened(described)
    nearest = keras.ops.min(apart(found), axis=-1, keepdims=True)
    squared = keras.ops.sum(keras.ops.square(found), axis=-1, keepdims=True) + nearest
    whitened.set_weights([known.kernel, -known.mean @ known.kernel])
    apart.set_weights([-2 * known.pictures.T, np.square(known.pictures).sum(axis=1)])
    # of a known picture itself rounding may leave it below 0
    score = keras.Model(described, keras.ops.sqrt(keras.ops.relu(squared)), name="novelty")
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
