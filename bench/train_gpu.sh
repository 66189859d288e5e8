#!/usr/bin/env bash
# bench/train_gpu.sh [OUT]   figures and exactness of training on this machine's CUDA card, in ten minutes at most; OUT/train_gpu.jsonl
# Each shape has a process of its own: what one leaves in memory, or exchanges in transformers, the next does not see.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-.}
mkdir -p "$out"
export TORCH_CUDNN_SDPA_AVOID_RECOMPILE=1 CUDA_DEVICE_MAX_CONNECTIONS=1
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True GLOO_SOCKET_IFNAME=lo
run() {
    timeout "$1" "$here/../envs/run" megatron python -W ignore "$here/train_gpu.py" "${@:2}" | tee -a "$out/train_gpu.jsonl"
}
run 90 exact
run 180 speed --shape 1.5B
run 200 speed --shape 3B
run 120 speed --shape "7B, 2 layers"
