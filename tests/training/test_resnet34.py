"""ResNet34 as an encoder: five levels of features, and as many weights as the network is known for."""

import keras

from training import resnet34


def test_it_gives_features_at_five_strides() -> None:
    pixels = keras.Input((64, 96, 1))

    levels = resnet34.features(pixels)

    assert [level.shape[1:] for level in levels] == [
        (32, 48, 64),
        (16, 24, 64),
        (8, 12, 128),
        (4, 6, 256),
        (2, 3, 512),
    ]


def test_it_has_the_published_number_of_weights() -> None:
    pixels = keras.Input((64, 64, 3))

    model = keras.Model(pixels, resnet34.features(pixels)[-1])

    # torchvision's resnet34 has 21,797,672 weights, 513,000 of them in the classifier that is left out here
    trainable = sum(int(weight.numpy().size) for weight in model.trainable_weights)
    assert trainable == 21_797_672 - 513_000
