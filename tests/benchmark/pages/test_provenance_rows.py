# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.pages.provenance_rows import (code_text, machine_text,
                                                    train_splits)
from tests.benchmark.synthetic_runs import example_collection, spec


def test_code_names_its_commit_and_changed_files():
    code = dict(version='0.1.0', commit='a' * 40, clean=True)
    assert code_text(dict(code=code)) == 'mmcurv 0.1.0, commit ' + 'a' * 40
    code['clean'] = False
    assert code_text(dict(code=code)).endswith(' with changed files')
    code.update(commit=None, clean=None)
    assert code_text(dict(code=code)) == 'mmcurv 0.1.0, commit not known'


def test_machine_is_one_line_whatever_is_known_of_it():
    machine = dict(
        processor='P',
        cores=2,
        threads=1,
        processes=1,
        memory_bytes=2**34,
        accelerators=['G'],
        system='Linux')
    assert machine_text(dict(
        machine=machine)) == ('P, 2 cores, 1 thread, 1 process, 16 GiB, G, '
                              'Linux')
    assert machine_text(dict(machine={})) == 'processor not known'


def test_every_set_of_training_images_is_told():
    collection = example_collection([spec(), spec(seed=1)])
    text, = train_splits(collection)['CIFAR-10-LT, imbalance 100']
    assert '10 classes, 5,000 to 50 each, fingerprint ' in text
    collection['runs'][1]['record']['split'] = None
    texts = train_splits(collection)['CIFAR-10-LT, imbalance 100']
    assert texts == [text, 'not recorded']
