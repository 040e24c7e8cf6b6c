# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.engine.config_options import UsageError
from mmcurv.engine.run_checkpoints import run_checkpoints, run_config


def run_with(folder, *names):
    for name in names:
        (folder / name).touch()
    return str(folder)


def test_checkpoints_come_in_the_order_of_training(tmp_path):
    run = run_with(tmp_path, 'epoch_10.pth', 'epoch_9.pth', 'epoch_100.pth',
                   'best_accuracy_top1_epoch_9.pth', 'last_checkpoint',
                   'iter_5.pth', 'epoch_3.txt')
    found = run_checkpoints(run)
    assert [c.number for c in found] == [9, 10, 100]
    assert [c.tag for c in found] == ['epoch_009', 'epoch_010', 'epoch_100']
    assert found[0].path == str(tmp_path / 'epoch_9.pth')


def test_iterations_count_where_there_are_no_epochs(tmp_path):
    run = run_with(tmp_path, 'iter_2000.pth', 'iter_500.pth')
    assert [c.tag
            for c in run_checkpoints(run)] == ['iter_0000500', 'iter_0002000']


def test_run_without_checkpoints_lists_what_it_has(tmp_path):
    run = run_with(tmp_path, 'best_top1_epoch_9.pth')
    with pytest.raises(UsageError, match='found best_top1_epoch_9.pth; for a'):
        run_checkpoints(run)


def test_folder_that_does_not_exist_is_refused():
    for function in (run_checkpoints, run_config):
        with pytest.raises(UsageError, match="found none at 'nowhere'"):
            function('nowhere')


def test_config_of_the_run_is_not_the_one_of_a_later_test(tmp_path):
    run = run_with(tmp_path, 'ce_resnet.py', '20260102_030405.py')
    assert run_config(run) == str(tmp_path / 'ce_resnet.py')


@pytest.mark.parametrize('names, found', [((), 'none'),
                                          (('a.py', 'b.py'), 'a.py, b.py')])
def test_run_without_one_config_asks_for_it(tmp_path, names, found):
    run = run_with(tmp_path, *names)
    with pytest.raises(UsageError, match=f'found {found}; give CONFIG'):
        run_config(run)
