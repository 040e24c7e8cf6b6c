# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest

from mmcurv.engine.hooks import ClassNamesHook


def loader(names):
    """Of a set with these names, or of as many classes without names."""
    if isinstance(names, int):
        return SimpleNamespace(dataset=Unnamed(names))
    return SimpleNamespace(
        dataset=SimpleNamespace(metainfo=dict(classes=names)))


class Unnamed:

    def __init__(self, number):
        self.targets = list(range(number))

    def __len__(self):
        return len(self.targets)


def run(train='abc', val='abc', test='abc', iteration=0):
    return SimpleNamespace(
        cfg={},
        train_dataloader=loader(train),
        val_loop=val,
        val_dataloader=loader(val),
        test_dataloader=loader(test),
        iter=iteration)


def hook_with(names):
    hook = ClassNamesHook()
    hook.after_load_checkpoint(
        None, dict(meta=dict(dataset_meta=dict(classes=names))))
    return hook


def test_folders_of_other_classes_are_told_before_a_training_begins():
    words = ("class 1: 'b' of the train set, 'c' of the val set; only the "
             'train set has b; only the val set has d')
    with pytest.raises(ValueError, match=words):
        ClassNamesHook().before_train(run(val='acd'))


def test_resumed_checkpoint_of_another_order_is_refused():
    with pytest.raises(ValueError, match='of the checkpoint'):
        hook_with('bac').before_train(run(iteration=9))
    hook_with('bac').before_train(run())  # which it only initializes


def test_checkpoint_is_tested_on_its_own_classes():
    with pytest.raises(ValueError, match='only the test set has d'):
        hook_with('abc').before_test(run(test='abd'))
    hook_with('abc').before_test(run())


@pytest.mark.parametrize('train, val', [('abc', 4), (3, 4), (3, 'abcd')])
def test_sets_without_names_are_compared_by_number(train, val):
    words = 'the train set has 3 and the val set has 4.* name all classes'
    with pytest.raises(ValueError, match=words):
        ClassNamesHook().before_train(run(train, val))


@pytest.mark.parametrize(
    'train, val',
    [
        (None, 'abc'),
        ('abc', 3),
        ('abc', 2),  # without an image of the last
        (3, 3),
        (4, 'abcd'),
    ])
def test_sets_that_may_be_of_the_same_classes_pass(train, val):
    ClassNamesHook().before_train(run(train, val))
