# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import torch

from tests.engine.stages.toy_stages import classifier, staged, train, weights
from tests.engine.two_processes import in_two_processes


def work(rank, folder):
    """Train two stages, and tell what this process found in the end."""
    cfg = staged(folder / 'run', dict(name='features'),
                 classifier(norm='train'))
    cfg.launcher = 'pytorch'
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel', device_ids=None)
    cfg.default_hooks['sync_buffers'] = dict(type='SyncBuffersHook')
    train(cfg)
    train(cfg, 'auto')
    return dict(weights=weights(folder / 'run/epoch_3.pth'))


def test_two_processes_train_both_stages(tmp_path):
    in_two_processes(work, tmp_path)
    run = tmp_path / 'run'
    before = weights(run / 'stage_features/epoch_2.pth')
    after = weights(run / 'epoch_3.pth')
    statistics = ('running_mean', 'running_var', 'num_batches_tracked')
    for name, value in before.items():
        stays = name.startswith('backbone') and not name.endswith(statistics)
        assert torch.equal(value, after[name]) == stays, name
    record = json.loads((run / 'run.json').read_text())
    assert record['machine']['processes'] == 2
    assert [stage['epochs'] for stage in record['stages']] == [2, 3]
