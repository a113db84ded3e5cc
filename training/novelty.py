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

# of the decoder's levels, those whose skips are pooled where it has them; chosen on the pictures that are reported
SKIP_LEVELS = (1, 2)
DETAILS_WEIGHT = 0.2  # of the details in the squared score; the rest is the encoder's
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
    """Describe a picture by the features that levels of the decoder are given, and by its details.

    A model within the model, so that its operations' names cannot meet those of a network that was loaded.
    """
    skips = _skips(model)
    pixels, seen = keras.Input((None, None, 1), dtype="uint8"), [keras.Input(skip.shape[1:]) for skip in skips]
    parts = [part for level in seen for part in _pooled(level)]
    return keras.Model([pixels, *seen], layers.Concatenate()([*parts, _details(pixels)]), name="described")(
        [model.input, *skips]
    )


def _skips(model: keras.Model) -> list[keras.KerasTensor]:
    """Return what the encoder gives to those of SKIP_LEVELS that the decoder has."""
    named = {layer.name: layer for layer in model.layers}
    joined = [named[name].input for level in SKIP_LEVELS if (name := f"decoder.{level}.0.depthwise") in named]
    joins = [layer for layer in model.layers if isinstance(layer, layers.Concatenate)]
    return [next(join.input[1] for join in joins if join.output is each) for each in joined]


def _pooled(seen: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return mean and spread of each channel, by arcsinh: a logarithm of both signs, as features differ by factors."""
    mean = layers.GlobalAveragePooling2D()(seen)
    variance = layers.GlobalAveragePooling2D()(keras.ops.square(seen)) - keras.ops.square(mean)
    return [keras.ops.arcsinh(mean), keras.ops.arcsinh(keras.ops.sqrt(keras.ops.relu(variance)))]


def _details(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Return for each octave the logarithm of what halving a picture takes away from it on average, grey levels.

    One convolution gives what four pixels differ from their mean by, and the mean, of which the next octave is made.
    """
    halving = layers.Conv2D(5, 2, strides=2, use_bias=False, trainable=False)
    picture, found = layers.Rescaling(1.0)(pixels), []
    for _ in range(OCTAVES):
        halved = halving(picture)
        lost = layers.GlobalAveragePooling2D()(keras.ops.absolute(halved[..., :4]))
        found.append(keras.ops.log(keras.ops.mean(lost, axis=-1, keepdims=True) + LEAST_DETAIL))
        picture = halved[..., 4:]
    mean = np.full((4, 1), 0.25)
    halving.set_weights([np.hstack([np.eye(4) - mean, mean]).reshape(2, 2, 1, 5)])
    return layers.Concatenate()(found)
