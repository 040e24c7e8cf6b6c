# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.pages.collection_warnings import collection_warnings
from tests.benchmark.page_example import FAILURE, MARKUP, mixed_example
from tests.benchmark.synthetic_runs import example_collection, spec


def warnings_of(collection, texts=()):
    return collection_warnings(collection, dict(warnings=list(texts)))


def two_methods(**protocol):
    specs = [
        spec(method=method, seed=seed) for method in ('CE', 'Focal')
        for seed in range(3)
    ]
    collection = example_collection(specs)
    for run in collection['runs'][3:]:
        run['record']['protocol'].update(protocol)
    return collection


def test_runs_that_are_alike_need_no_warning():
    assert warnings_of(two_methods()) == []


def test_failed_runs_are_named():
    collection, _ = mixed_example()
    warning, = warnings_of(collection)
    assert warning['message'].startswith('6 runs failed.')
    assert len(warning['runs']) == 6 and MARKUP in warning['runs'][0]
    assert FAILURE not in warning['message']


def test_methods_that_saw_other_images_are_a_loud_warning():
    collection = two_methods()
    collection['runs'][5]['record']['split']['fingerprint'] = 'f' * 64
    warning, = warnings_of(collection)
    assert warning['loud']
    assert 'CIFAR-10-LT, imbalance 100 trained on 2' in warning['message']


def test_methods_of_other_protocols_are_told():
    warning, = warnings_of(two_methods(selection_split='validation'))
    assert warning['loud'] and 'test and validation' in warning['message']
    warning, = warnings_of(two_methods(epochs=100))
    assert not warning['loud'] and '200 and 100' in warning['message']


def test_too_few_seeds_are_told():
    warning, = warnings_of(example_collection([spec(), spec(seed=1)]))
    assert warning['message'].startswith('2 seeds: too few')


def test_warnings_of_the_summary_are_kept():
    warning, = warnings_of(two_methods(), ['Two machines.'])
    assert warning == dict(message='Two machines.', loud=False, runs=[])
