#!/bin/sh
# prune.sh SITE_PACKAGES: remove what dependencies bring for building, developing and other devices, not for running.
set -eu
cd "$1"
# headers, C++ sources and the parser for them
rm -rf tensorflow/include tensorflow/xla_aot_runtime_src clang libclang-* numpy/_core/include openvino/include openvino/cmake
# build tools that TensorFlow's metadata names and nothing imports
rm -rf setuptools setuptools-* _distutils_hack distutils-precedence.pth pkg_resources wheel wheel-*
# compilers that only exporting a model to StableHLO or ahead-of-time XLA loads
rm -f tensorflow/compiler/mlir/stablehlo/*.so tensorflow/compiler/tf2xla/ops/_xla_ops.so
# remote procedure calls of distributed training
rm -rf grpc grpcio-*
# OpenVINO for other processors and other formats; and what would report its use to its makers
cd openvino/libs
rm -f libopenvino_intel_[gn]pu_plugin.so cache.json
rm -f libopenvino_onnx_* libopenvino_paddle_* libopenvino_pytorch_* libopenvino_gguf_* libopenvino_jax_* libopenvino_tensorflow_lite_*
cd ../..
rm -rf openvino_telemetry
# symbol tables that only debuggers read
if [ -d tensorflow ]; then find tensorflow -type f -name "*.so*" -exec strip --strip-unneeded {} +; fi
find . -type d \( -name tests -o -name testing_data \) -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.h' -o -name '*.a' -o -name '*.pxd' \) -delete
