# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the pages call that which was audited."""
import pytest

from mmcurv.audit.report.report import subject, two_subjects


@pytest.mark.parametrize('facts, name', [
    (dict(config='configs/ce/ce_x.py', model='ResNet'), 'ce_x'),
    (dict(feature_file='data/a.npz', model='ResNet'), 'a.npz'),
    (dict(model='ResNet'), 'ResNet'),
    ({}, 'classifier'),
])
def test_audit_is_called_by_config_then_file_then_model(facts, name):
    assert subject(facts) == name


def test_two_configs_are_called_by_their_names():
    a, b = dict(config='c/ce.py'), dict(config='c/ce_cr.py')
    assert two_subjects(a, b) == ('ce', 'ce_cr')


def test_two_checkpoints_of_one_config_are_told_apart():
    a, b = (
        dict(config='ce.py', checkpoint=f'runs/{seed}/epoch_9.pth')
        for seed in (0, 1))
    assert two_subjects(a, b) == ('ce (0/epoch_9.pth)', 'ce (1/epoch_9.pth)')


def test_two_files_of_one_name_are_told_apart_by_their_folder():
    a, b = (dict(feature_file=f'data/{part}/f.npz') for part in 'xy')
    assert two_subjects(a, b) == ('f.npz (x/f.npz)', 'f.npz (y/f.npz)')


def test_nothing_known_leaves_one_name():
    assert two_subjects({}, {}) == ('classifier', 'classifier')
