# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import runpy
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from tests.listed_formats import write_image

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs' / 'ce' / 'ce_resnet8_fashion-mini-if100.py'
main = runpy.run_path(str(ROOT / 'tools' / 'browse_longtail.py'))['main']


def run(*arguments):
    console = Console(width=80, record=True, highlight=False)
    assert main([str(argument) for argument in arguments], console) == 0
    return console.export_text()


@pytest.fixture
def folder(tmp_path):
    """Three classes of 8, 6 and 4 images."""
    for name, count in (('ant', 8), ('bee', 6), ('cat', 4)):
        for i in range(count):
            write_image(tmp_path / 'images' / name / f'{i}.png')
    return tmp_path / 'images'


def test_train_set_of_a_config_is_shown():
    text = run(CONFIG)
    assert 'T-shirt/top 1,000 ███' in text
    assert '2 classes     26 images' in text
    assert '2478 images in 10 classes' in text


def test_folder_is_shown_as_it_is(folder):
    lines = run(folder).splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [['ant', '8'],
                                                        ['bee', '6'],
                                                        ['cat', '4']]


def test_folder_is_thinned_as_long_tailed_does(folder):
    text = run(folder, '--imbalance-factor', 4, '--max-count', 8)
    assert [line.split()[1]
            for line in text.splitlines()[:3]] == ['8', '4', '2']
    assert 'LongTailed(CustomDataset)' in text


def test_picture_is_written_if_asked_for(folder, tmp_path):
    path = tmp_path / 'out' / 'sizes.png'
    assert f'Figure: {path}' in run(folder, '--out', path)
    with Image.open(path) as image:
        assert image.size == (1080, 510)


@pytest.mark.parametrize('arguments, message', [
    (['/no/such'], "found neither at '/no/such'"),
    ([CONFIG, '--imbalance-factor', '9'], 'is for a folder'),
    ([CONFIG, '--cfg-options', 'trein_dataloader.x=1'
      ], 'did you mean train_dataloader'),
    ([
        CONFIG, '--cfg-options',
        'train_dataloader.dataset.type=mmcurv.LongTail'
    ], "did you mean 'LongTailed'"),
])
def test_wrong_command_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert stop.value.code == 2
    assert message in ' '.join(capsys.readouterr().err.split())


def test_class_with_too_few_images_is_told(folder, capsys):
    with pytest.raises(SystemExit):
        main([str(folder), '--imbalance-factor', '1.1'])
    assert 'too few images' in ' '.join(capsys.readouterr().err.split())
