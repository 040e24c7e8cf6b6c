# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A small matrix of configs that exist, changed as a test needs it."""
import yaml

CONFIG = 'configs/ce/ce_resnet32_cifar100-lt-if100.py'
CIFAR10 = 'configs/_base_/datasets/cifar10_lt.py'
BUNDLED = 'configs/ce/ce_resnet8_{data}-if{factor}.py'
CONTENT = dict(
    schema='mmcurv.matrix',
    schema_version=1,
    name='small',
    title='A small matrix',
    seeds=[0, 1],
    data=[
        {
            'dataset': 'CIFAR-10-LT',
            'slug': 'cifar10-lt',
            'factors': [100, 10],
            'with': [CIFAR10]
        },
        dict(dataset='CIFAR-100-LT', slug='cifar100-lt', factors=[50]),
    ],
    methods=[
        dict(method='CE', model='ResNet-32', config=CONFIG),
        dict(method='RIDE + CMO', model='ResNet-32', config=None, cr=[False]),
    ])
BUNDLED_CONTENT = dict(
    CONTENT,
    name='bundled',
    seeds=[0],
    data=[dict(dataset='Mini', slug='fashion-mini', factors=[100])],
    methods=[dict(method='CE', model='ResNet-8', config=BUNDLED)])


def write_matrix(folder, content=None, **changes):
    """Write it under its name; a change of None removes a key."""
    content = dict(content or CONTENT, **changes)
    content = {
        key: value
        for key, value in content.items() if value is not None
    }
    path = folder / f'{content.get("name", "small")}.yml'
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return str(path)
