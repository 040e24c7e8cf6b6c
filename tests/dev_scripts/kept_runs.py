# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Kept collections of chosen accuracies, and a method folder to show them."""
from mmcurv.benchmark.configs import spec_hash
from mmcurv.benchmark.matrix import FACTOR
from tests.benchmark.synthetic_runs import example_collection, spec
from tests.dev_scripts import dev_script

ConfigEntry = dev_script('metafile').ConfigEntry
IF100 = 'ce_resnet32_cifar10-lt-if100'
IF10 = 'ce_resnet32_cifar10-lt-if10'
CONFIG = 'configs/ce/ce_resnet32_cifar100-lt-if100.py'
CIFAR10 = 'configs/_base_/datasets/cifar10_lt.py'
METAFILE = """\
Collections:
  - Name: Cross Entropy
    README: configs/ce/README.md

# The targets are the paper's.
Models:
  - Name: ce_resnet32_cifar10-lt-if100
    In Collection: Cross Entropy
    Metadata:
      Training Data: CIFAR-10-LT  # thinned with seed 0
      Imbalance Factor: 100
      Architecture: ResNet-32
      Protocol: {Epochs: 200, Main Number: last epoch}
      Switches: --with configs/_base_/datasets/cifar10_lt.py
      Target: {Paper Table: Table 1, Top 1 Accuracy: 70.3}
    Config: configs/ce/ce_resnet32_cifar100-lt-if100.py
    Results: null
  - Name: ce_resnet32_cifar10-lt-if100_cr
    In Collection: Cross Entropy
    Metadata:
      Training Data: CIFAR-10-LT
      Imbalance Factor: 100
      Architecture: ResNet-32
      Protocol: {Epochs: 200, Main Number: last epoch}
      Switches: --with configs/_base_/datasets/cifar10_lt.py --cr
      Target: {Paper Table: Table 1, Top 1 Accuracy: 72.6}
    Config: configs/ce/ce_resnet32_cifar100-lt-if100.py
    Results: null
"""
README = """\
# A method

<!-- results: begin -->
<!-- results: end -->

The end.
"""


def entry(name=IF100, **changes):
    """A config of CIFAR-10-LT as a metafile has it."""
    factor = name.removesuffix('_cr').rpartition('-if')[2]
    factor = int(factor) if factor.isdigit() else None
    cr = name.endswith('_cr')
    return ConfigEntry(**dict(
        dict(
            name=name,
            config=CONFIG,
            switches=f'--with {CIFAR10}' + ' --cr' * cr +
            f' --cfg-options {FACTOR}=10' * (factor == 10),
            with_files=(CIFAR10, ),
            cr_switch=cr,
            options={FACTOR: 10} if factor == 10 else {},
            method='Cross Entropy',
            dataset='CIFAR-10-LT',
            imbalance_factor=factor,
            model='ResNet-32',
            epochs=200,
            main='last'), **changes))


def kept_collection(accuracies, created='2026-01-01', **changes):
    """A collection whose runs have these overall accuracies.

    Args:
        accuracies (dict): Name of a config to those of the seeds 0, 1, ...
        created (str): When it was collected.
        **changes: Of every run, such as ``options`` or ``variant``.
    """
    specs, values = [], []
    for name, numbers in accuracies.items():
        for seed, value in enumerate(numbers):
            specs.append(
                spec(**dict(
                    dict(
                        cr=name.endswith('_cr'),
                        imbalance_factor=entry(name).imbalance_factor,
                        seed=seed,
                        slug='ce'), **changes)))
            values.append(value)
    collection = example_collection(specs, paper_table=None)
    for one, run, value in zip(specs, collection['runs'], values):
        run['record']['results']['last']['metrics']['overall'] = value
        run['config_hash'] = run['record']['config']['hash'] = spec_hash(one)
    return dict(collection, created=created, warnings=[])
