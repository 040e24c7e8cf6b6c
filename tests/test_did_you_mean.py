# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.did_you_mean import did_you_mean


def test_nearest_word_is_named():
    assert did_you_mean('Focall', ['CE', 'Focal']) == "did you mean 'Focal'?"


def test_case_does_not_hide_the_nearest_word():
    assert did_you_mean('focal', ['CE', 'FOCAL']) == "did you mean 'FOCAL'?"


def test_without_a_near_word_all_are_named_once():
    assert did_you_mean('x', ['CE', 'CE', 100]) == "expected 'CE', '100'"
    assert did_you_mean('x', []) == 'expected none at all'
