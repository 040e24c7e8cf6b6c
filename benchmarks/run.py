# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Run every benchmark in a process of its own and write results.json."""
import argparse
import importlib
import json
import os.path as osp
import platform
import subprocess
import sys

import torch

from mmcurv.engine.provenance import processor

HERE = osp.dirname(osp.abspath(__file__))
BENCHMARKS = ('class_curvature_speed', 'class_curvature_memory',
              'training_step', 'many_classes', 'layouts', 'method_steps',
              'feeding', 'audit_speed')


def machine():
    """What the numbers depend on."""
    return dict(
        processor=processor(),
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        torch=torch.__version__)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'name', nargs='?', choices=BENCHMARKS, help='only this one')
    parser.add_argument('--out', default=osp.join(HERE, 'results.json'))
    args = parser.parse_args()
    if args.name:
        print(json.dumps(importlib.import_module(args.name).main()))
        return
    results = {}
    for name in BENCHMARKS:
        print(f'{name} ...', flush=True)
        output = subprocess.run(
            [sys.executable, osp.abspath(__file__), name],
            check=True,
            stdout=subprocess.PIPE,
            text=True).stdout
        found = json.loads(output.splitlines()[-1])
        results[name] = dict(machine=machine(), **found)
        for key, value in found.items():
            if not isinstance(value, (list, dict)):
                print(f'  {key}: {value}')
    with open(args.out, 'w') as file:
        json.dump(results, file, indent=1)
        file.write('\n')
    print(f'Written to {args.out}')


if __name__ == '__main__':
    main()
