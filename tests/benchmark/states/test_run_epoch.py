# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os

from mmcurv.benchmark.states.run_epoch import epoch_reached


def test_epoch_is_that_of_the_newest_evaluation_or_checkpoint(tmp_path):
    assert epoch_reached(tmp_path) is None
    (tmp_path / 'epoch_9.pth').touch()
    assert epoch_reached(tmp_path) == 9
    (tmp_path / 'class_accuracy').mkdir()
    for name in ('epoch_010.json', 'epoch_002.json', 'epoch_099.csv'):
        (tmp_path / 'class_accuracy' / name).touch()
    assert epoch_reached(tmp_path) == 10


def test_files_of_an_earlier_attempt_do_not_count(tmp_path):
    for epoch, changed in ((5, 1000), (3, 2000)):
        path = tmp_path / f'epoch_{epoch}.pth'
        path.touch()
        os.utime(path, (changed, changed))
    assert epoch_reached(tmp_path) == 5
    assert epoch_reached(tmp_path, since=2000) == 3
    assert epoch_reached(tmp_path, since=3000) is None
