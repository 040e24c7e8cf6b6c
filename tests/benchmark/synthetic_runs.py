# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A small matrix, its runs, the folders they leave, and their collection."""
import os.path as osp

from mmcurv.benchmark.matrix import FACTOR, RunSpec
from mmcurv.files import write_json, write_text
from .synthetic_records import CREATED, run_record

MATRIX = """\
schema: mmcurv.matrix
schema_version: 1
name: small
title: A small matrix
about: Two methods that can be run and one that cannot.
paper_table: Table 1
protocol: {epochs: 200}
seeds: [0, 1, 2]
cr: [false, true]
data:
  - dataset: CIFAR-10-LT
    slug: cifar10-lt
    factors: [100, 10]
methods:
  - method: CE
    model: ResNet-32
    config: FOLDER/configs/ce_resnet32_{data}-if{factor}{cr}.py
  - method: Focal
    model: ResNet-32
    config: FOLDER/configs/focal_resnet32_{data}-if{factor}{cr}.py
  - method: BBN
    model: ResNet-32
    config: null
"""


def write_matrix(folder, text=MATRIX, epochs=200):
    """Write ``small.yml`` and the configs that it names.

    Args:
        folder (path): Of both.
        text (str): Of the matrix; FOLDER stands for the folder.
        epochs (int): Of every config.

    Returns:
        str: Path of the matrix; ``read_matrix`` reads it.
    """
    path = osp.join(str(folder), 'small.yml')
    write_text(path, text.replace('FOLDER', str(folder)))
    for method in ('ce', 'focal'):
        for factor in (100, 10):
            for cr in (False, True):
                name = (f'{method}_resnet32_cifar10-lt-if{factor}'
                        f'{"_cr" if cr else ""}.py')
                write_text(
                    osp.join(str(folder), 'configs', name),
                    f'model = dict(method={method!r}, cr={cr})\n'
                    f'data = dict(factor={factor})\n'
                    f'train_cfg = dict(by_epoch=True, max_epochs={epochs})\n'
                    'randomness = dict(seed=None)\n')
    return path


def spec(root='work_dirs/benchmark', **changes):
    """One run of the small matrix: plain CE at imbalance 100, seed 0.

    ``slug`` names its method folder, by default like the method.
    """
    fields = dict(
        dict(
            matrix='small',
            method='CE',
            cr=False,
            dataset='CIFAR-10-LT',
            imbalance_factor=100,
            model='ResNet-32',
            variant='',
            tau=None,
            seed=0,
            options={}), **changes)
    slug = fields.pop('slug', fields['method'].lower())
    cr = '_cr' if fields['cr'] else ''
    data = 'cifar10-lt'
    if fields['imbalance_factor'] is not None:
        data += f'-if{fields["imbalance_factor"]}'
    if 'config' not in fields:
        fields.update(
            config=f'configs/{slug}/{slug}_resnet32_cifar100-lt-if100.py',
            with_files=('configs/_base_/datasets/cifar10_lt.py', ),
            cr_switch=fields['cr'])
        if fields['imbalance_factor'] is not None:
            fields['options'] = {
                FACTOR: fields['imbalance_factor'],
                **fields['options']
            }
    parts = [f'{slug}{cr}', data, fields['variant'], f'seed{fields["seed"]}']
    fields.setdefault(
        'folder',
        osp.join(str(root), fields['matrix'], *[p for p in parts if p]))
    return RunSpec(**fields)


def small_specs(root='work_dirs/benchmark', seeds=(0, 1, 2)):
    """The runs of :data:`MATRIX` in its order; BBN has no config."""
    return [
        spec(
            root,
            method=method,
            imbalance_factor=factor,
            cr=cr,
            seed=seed,
            **({} if method != 'BBN' else dict(config=None)))
        for method in ('CE', 'Focal', 'BBN') for factor in (100, 10)
        for cr in (False, True) for seed in seeds
    ]


def write_run(spec, record=None):
    """Leave the folder that a finished run leaves, without checkpoints.

    Args:
        spec (RunSpec): The run.
        record (dict, optional): Of :func:`run_record`, the default.

    Returns:
        str: Path of ``run.json``.
    """
    record = record or run_record(spec)
    tag = f'epoch_{record["protocol"]["epochs"]:03d}.json'
    rows = [
        dict(
            name=row['name'],
            train_count=row['train_count'],
            test_count=row['test_count'],
            correct=round(row['last'] * row['test_count'] / 100),
            accuracy=row['last']) for row in record['classes']
    ]
    for path, content in {
            'split.json': record['split'],
            f'class_accuracy/{tag}': dict(classes=rows),
            f'geometry/{tag}': record['geometry'],
            'run.json': record
    }.items():
        write_json(osp.join(spec.folder, path), content)
    return osp.join(spec.folder, 'run.json')


def write_runs(specs, shift=0., epochs=200):
    """Folders of all runs that have a config."""
    for one in specs:
        if one.config is not None:
            write_run(one, run_record(one, shift, epochs))


def example_collection(specs=None,
                       states=None,
                       shift=0.,
                       epochs=200,
                       **matrix):
    """A collection in memory.

    Args:
        specs (list[RunSpec], optional): Of :func:`small_specs`, the default.
        states (dict): RunSpec.name to (state, reason) of those not done.
        shift (float): Points added to every class.
        epochs (int): Trained.
        **matrix: Changes of its entry ``matrix``.
    """
    runs = []
    for one in specs or small_specs():
        state, reason = (states or {}).get(one.name, ('done', None))
        if one.config is None:
            state, reason = 'no config', 'the matrix names no config'
        record = None
        if state == 'done':
            record = run_record(one, shift, epochs, history=False)
            del record['config']['text']
        entry = dict(one._asdict(), with_files=list(one.with_files))
        for key in ('matrix', 'folder', 'branch', 'kept_epochs'):
            del entry[key]
        runs.append(
            dict(
                entry,
                config_hash=record and record['config']['hash'],
                name=one.name,
                state=state,
                reason=reason,
                record=record))
    return dict(
        schema='mmcurv.collection',
        schema_version=2,
        created=CREATED,
        command='tools/benchmark.py collect small.yml',
        matrix=dict(
            dict(
                name='small',
                title='A small matrix',
                about='Two methods that can be run and one that cannot.',
                paper_table='Table 1',
                protocol=dict(epochs=200),
                file='small.yml'), **matrix),
        runs=runs)
