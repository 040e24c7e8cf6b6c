# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmcurv.engine import config_in_checkpoint
from mmcurv.engine.config_in_checkpoint import drop_config
from tests.engine import toy_run


@pytest.mark.parametrize('content', [
    None, 3, [dict(meta=dict(config='a = 1'))], {},
    dict(meta='config'),
    dict(meta=dict(epoch=1)),
    dict(config='a = 1')
])
def test_what_has_no_text_of_a_config_stays_as_it_is(content):
    before = repr(content)
    assert not drop_config(content)
    assert repr(content) == before


def test_text_of_a_config_is_left_out_with_a_warning(tmp_path, monkeypatch):
    warnings = []
    monkeypatch.setattr(config_in_checkpoint, 'print_log',
                        lambda message, **_: warnings.append(message))
    path = str(tmp_path / 'old.pth')
    meta = dict(config='a = 1', cfg='b = 2', epoch=3)
    torch.save(dict(meta=meta, state_dict={}), path)
    content = CheckpointLoader.load_checkpoint(path)
    assert content['meta'] == dict(cfg='b = 2', epoch=3)
    assert len(warnings) == 1 and path in warnings[0]


def test_resumed_run_does_not_execute_it(tmp_path):
    marker = tmp_path / 'marker'

    def run(epochs, **config):
        runner = toy_run.build(tmp_path,
                               toy_run.train_parts(max_epochs=epochs),
                               **config)
        runner.train()
        return runner

    run(1)
    path = tmp_path / 'epoch_1.pth'
    content = torch.load(path, weights_only=True)
    content['meta']['config'] = f'open({str(marker)!r}, "w").close()\n'
    torch.save(content, path)
    assert run(2, resume=True, load_from=str(path)).epoch == 2
    assert not marker.exists()
