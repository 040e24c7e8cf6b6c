# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import runpy
from pathlib import Path

import pytest
from rich.console import Console

from tests.listed_formats import write_svhn

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'prepare_data.py'
main = runpy.run_path(str(TOOL))['main']


def run(*arguments):
    console = Console(width=80, record=True, quiet=False, highlight=False)
    code = main([str(argument) for argument in arguments], console)
    return code, console.export_text()


@pytest.mark.parametrize('name, what', [
    ('imagenet-lt', 'ILSVRC2012_img_train.tar'),
    ('inaturalist2018', 'train_val2018.tar.gz'),
    ('svhn', '--download'),
])
def test_empty_root_exits_with_1_and_says_what_to_do(tmp_path, name, what):
    code, text = run(name, '--root', tmp_path)
    assert code == 1
    assert 'is not ready' in text and what in text


def test_ready_root_exits_with_0(tmp_path, monkeypatch):
    from mmcurv.datasets.prepare import PUBLISHED, Published
    monkeypatch.setitem(PUBLISHED, 'svhn',
                        dict(train=Published(10, 10), test=Published(10, 10)))
    for split in ('train', 'test'):
        write_svhn(tmp_path, split, range(1, 11))
    code, text = run('svhn', '--root', tmp_path)
    assert code == 0 and 'SVHN is ready.' in text


@pytest.mark.parametrize('arguments, message', [
    (['imagnet'], 'invalid choice'),
    (['imagenet-lt', '--download'], 'cannot be downloaded'),
])
def test_wrong_command_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
