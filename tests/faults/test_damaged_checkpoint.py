# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A run whose latest checkpoint is damaged."""
import pytest

from mmcurv.compat import DamagedCheckpoint
from tests.engine.curvature_run import build, pool_hook


def test_half_checkpoint_under_its_final_name_ends_a_resume_at_once(tmp_path):
    """Nothing is overwritten, and the advice leads on."""
    build(tmp_path, pool_hook(), max_epochs=2).train()
    path = tmp_path / 'epoch_2.pth'
    path.write_bytes(path.read_bytes()[:5000])
    before = {each: each.read_bytes() for each in tmp_path.glob('*.pth')}
    runner = build(tmp_path, pool_hook(), max_epochs=3, resume=True)
    with pytest.raises(DamagedCheckpoint) as info:
        runner.train()
    whole = str(tmp_path / 'epoch_1.pth')
    assert str(path) in str(info.value) and whole in str(info.value)
    after = {each: each.read_bytes() for each in tmp_path.glob('*.pth')}
    assert before == after
    runner = build(
        tmp_path, pool_hook(), max_epochs=3, resume=True, load_from=whole)
    runner.train()
    assert runner.epoch == 3 and runner.iter == 33
