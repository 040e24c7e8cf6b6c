# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Measure speed and memory against others and against aims; one table.

Every part runs three times, each in a process of its own; one audit that takes
minutes runs once. The table shows the median of the runs and their range; the
record keeps all, with the machine and the versions that they depend on.
"""
import argparse
import importlib
import json
import os
import os.path as osp
import subprocess
import sys
import time
from statistics import median

from mmcurv.files import write_json

HERE = osp.dirname(osp.abspath(__file__))
SCHEMA, SCHEMA_VERSION = 'mmcurv.speed', 1
PARTS = ('startup', 'curvature_speed', 'audit', 'training_speed',
         'many_classes', 'feeding')
RUNS = 3

# Commands of audit_speed.py in words; what takes minutes is run only once.
AUDITS = dict(
    classes_10='mmcurv audit of 3,000 x 128 in 10 classes, page included',
    classes_100='the same of 30,000 x 128 in 100 classes',
    classes_1000='the same of 50,000 x 128 in 1,000 classes',
    classes_8142='the same of 162,840 x 128 in 8,142 classes',
    diagnose='the same of 30,000 x 128 in 100 classes with --diagnose',
    import_torch='import torch, which each of these contains',
    compare='mmcurv compare of two audits of 100 classes')
ONCE = ('classes_8142', )


def audit_rows(first):
    """One run of the commands of an audit."""
    module = importlib.import_module('audit_speed')
    names = [name for name in AUDITS if first or name not in ONCE]
    module.AUDITS = {
        name: audit
        for name, audit in module.AUDITS.items() if name in names
    }
    found = module.commands()
    return [
        dict(
            what=AUDITS[name],
            value=found[name]['cpu_seconds'],
            unit='s of CPU',
            at_most=found[name]['aim']) for name in names
    ]


def rows_of(part, first):
    """Rows of one run of a part.

    Each is a dict of ``what`` was measured, ``against`` what (may be
    missing), ``value`` in a ``unit``, and ``at_least`` or ``at_most`` as an
    aim (may be missing or None).
    """
    if part == 'audit':
        return audit_rows(first)
    return importlib.import_module(part).rows()


def run(part, first):
    """The same in a process of its own."""
    output = subprocess.run(
        [sys.executable, osp.abspath(__file__), '--part', part] + ['--again'] *
        (not first),
        check=True,
        stdout=subprocess.PIPE,
        text=True).stdout
    return json.loads(output.splitlines()[-1])


def together(runs):
    """Rows of several runs as one: ``values`` in place of ``value``."""
    rows = {}
    for row in (row for rows_of_run in runs for row in rows_of_run):
        value = row.pop('value')
        key = row['what'], row.get('against')
        rows.setdefault(key, dict(row, values=[]))['values'].append(value)
    return list(rows.values())


def is_reached(row):
    """Whether the median reaches the aim; None without one."""
    middle = median(row['values'])
    if row.get('at_least') is not None:
        return middle >= row['at_least']
    if row.get('at_most') is not None:
        return middle <= row['at_most']
    return None


def show(rows):
    from rich.console import Console
    from rich.table import Table
    table = Table()
    for heading in ('what', 'against', 'measured', 'range', 'aim'):
        table.add_column(heading, overflow='fold')
    for row in rows:
        reached = is_reached(row)
        aim = '' if reached is None else (
            f'at least {row["at_least"]:g}' if row.get('at_least') is not None
            else f'at most {row["at_most"]:g}')
        values = row['values']
        table.add_row(row['what'], row.get('against', ''),
                      f'{median(values):.3g} {row["unit"]}',
                      f'{min(values):.3g} to {max(values):.3g}',
                      aim + ', missed' * (reached is False))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--part', choices=PARTS, help='one run of this alone')
    parser.add_argument(
        '--again', action='store_true', help='without what is run only once')
    parser.add_argument('--out', default=osp.join(HERE, 'results.json'))
    args = parser.parse_args()
    if args.part:
        print(json.dumps(rows_of(args.part, not args.again)))
        return
    import torch

    from mmcurv.engine.provenance import (code_version, machine,
                                          package_versions)
    began, rows = time.time(), []
    for part in PARTS:
        runs = []
        for number in range(RUNS):
            print(f'{part}, run {number + 1} of {RUNS}', flush=True)
            runs.append(run(part, not number))
        rows += together(runs)
    write_json(
        args.out,
        dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            code=code_version(),
            machine=machine(),
            threads=torch.get_num_threads(),
            packages=package_versions(),
            load=os.getloadavg()[2],
            minutes=(time.time() - began) / 60,
            rows=rows))
    show(rows)
    print(f'Written to {args.out}')


if __name__ == '__main__':
    main()
