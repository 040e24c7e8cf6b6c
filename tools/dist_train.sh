#!/usr/bin/env bash
# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Train in several processes of one or more machines, on GPUs or CPUs.
#
#   tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
#
# Environment: NNODES, NODE_RANK, MASTER_ADDR, PORT, PYTHON, OMP_NUM_THREADS.
set -e

if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG PROCESSES [arguments of tools/train.py]" >&2
    exit 2
fi
CONFIG=$1
PROCESSES=$2
ROOT=$(cd "$(dirname "$0")/.." && pwd)
# Without a limit every process starts one thread per core and they fight.
THREADS=$(($(getconf _NPROCESSORS_ONLN) / PROCESSES))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((THREADS > 0 ? THREADS : 1))}
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

"${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$PROCESSES" \
    "$ROOT/tools/train.py" "$CONFIG" --launcher pytorch "${@:3}"
