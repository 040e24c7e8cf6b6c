#!/usr/bin/env bash
# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Train on GPUs of a SLURM cluster.
#
#   tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [more of tools/train.py]
#
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, PYTHON.
set -e

if [ $# -lt 4 ]; then
    echo "usage: $0 PARTITION JOB CONFIG WORK_DIR" \
        "[arguments of tools/train.py]" >&2
    exit 2
fi
ROOT=$(cd "$(dirname "$0")/.." && pwd)
GPUS=${GPUS:-1}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

# SRUN_ARGS holds several arguments, so it stays unquoted.
srun -p "$1" \
    --job-name="$2" \
    --gres=gpu:"$GPUS_PER_NODE" \
    --ntasks="$GPUS" \
    --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$ROOT/tools/train.py" "$3" \
    --work-dir "$4" --launcher slurm "${@:5}"
