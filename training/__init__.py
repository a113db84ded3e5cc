"""From labelled pictures of steel to a model package: data sets, network, training, evaluation, packaging."""
