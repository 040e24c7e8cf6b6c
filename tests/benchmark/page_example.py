# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Collections whose pages have every kind of cell."""
from mmcurv.benchmark.collect import summarize
from .synthetic_runs import example_collection, spec

MARKUP = '<script>alert(1)</script>'
FAILURE = 'exit code 1: RuntimeError: <b>no memory</b>\n  in line 2'


def with_summary(collection):
    return collection, summarize(collection)


def mixed_example():
    """CE is done, another method failed, was not run, or has no config."""
    specs = [
        spec(
            method=method,
            cr=cr,
            seed=seed,
            imbalance_factor=factor,
            config=None if method == 'BBN' else f'configs/{factor}.py')
        for method in ('CE', MARKUP, 'BBN') for factor in (100, 10)
        for cr in (False, True) for seed in range(3)
    ]
    states = {
        one.name: ('failed', FAILURE) if one.imbalance_factor == 100 else
        ('missing', None)
        for one in specs if one.method == MARKUP
    }
    return with_summary(
        example_collection(
            specs,
            states,
            title='Table <1>',
            about='First & second.\n\nAnother paragraph.'))


def study_example(variants=('', 'tau=10', 'tau=100')):
    """CE without CR, and several ways to add it."""
    specs = [spec(seed=seed) for seed in range(3)]
    specs += [
        spec(
            cr=True,
            seed=seed,
            variant=variant,
            tau=float(variant[4:]) if variant.startswith('tau=') else None)
        for variant in variants for seed in range(3)
    ]
    return with_summary(example_collection(specs, paper_table=None))


def models_example():
    """Two models on two balanced data sets."""
    specs = [
        spec(
            dataset=dataset,
            imbalance_factor=None,
            model=model,
            cr=cr,
            seed=seed,
            config=f'configs/{model}{dataset}{cr}.py')
        for dataset in ('CIFAR-100', 'ImageNet')
        for model in ('VGG-16', 'ResNet-18') for cr in (False, True)
        for seed in range(2)
    ]
    return with_summary(example_collection(specs, paper_table='Table 5'))
