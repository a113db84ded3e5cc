#!/bin/sh
# prune.sh SITE_PACKAGES: remove what TensorFlow and its dependencies bring for building and developing, not for running.
set -eu
cd "$1"
# headers, C++ sources and the parser for them
rm -rf tensorflow/include tensorflow/xla_aot_runtime_src clang libclang-* numpy/_core/include
# build tools that TensorFlow's metadata names and nothing imports
rm -rf setuptools setuptools-* _distutils_hack distutils-precedence.pth pkg_resources wheel wheel-*
# compilers that only exporting a model to StableHLO or ahead-of-time XLA loads
rm -f tensorflow/compiler/mlir/stablehlo/*.so tensorflow/compiler/tf2xla/ops/_xla_ops.so
# remote procedure calls of distributed training
rm -rf grpc grpcio-*
# symbol tables that only debuggers read
find tensorflow -type f -name "*.so*" -exec strip --strip-unneeded {} +
find . -type d \( -name tests -o -name testing_data \) -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.h' -o -name '*.a' -o -name '*.pxd' \) -delete
