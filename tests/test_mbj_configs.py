# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The constants of MBJ are choices of ours, which every file says."""
import pytest

from tests.shipped_configs import CONFIGS, ROOT, names_of, read

MBJ = [path for path in CONFIGS if path.parent.name == 'mbj']


@pytest.mark.parametrize('path', MBJ, ids=names_of(MBJ))
def test_memory_holds_8_batches_and_begins_in_the_second_half(path):
    cfg = read(path)
    head = cfg.model.head
    assert head.memory_size == 8 * cfg.auto_scale_lr.base_batch_size
    assert head.start_epoch == cfg.train_cfg.max_epochs // 2 + 1
    assert (head.rho, head.memory_weight) == (1, 1)


def test_every_file_says_that_it_is_our_reading():
    folder = ROOT / 'configs' / 'mbj'
    for path in [*MBJ, folder / 'README.md', folder / 'metafile.yml']:
        assert 'our reading' in path.read_text(encoding='utf-8'), path
