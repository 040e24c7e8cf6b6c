# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.dataset import pseudo_collate
from mmpretrain.datasets import LoadImageFromFile, PackInputs
from torch.utils.data import DataLoader

from mmcurv.datasets import ListedImages, LongTailed
from mmcurv.datasets.corrupt_images import CorruptImageError
from tests.listed_formats import write_image, write_lines

LABELS = [0, 1, 0, 1, 0]


@pytest.fixture
def folder(tmp_path):
    """Five images of value 0 to 4."""
    names = [f'{i}.png' for i in range(5)]
    for i, name in enumerate(names):
        write_image(tmp_path / name, i)
    write_lines(tmp_path / 'list.txt', zip(names, LABELS))
    return tmp_path


def images(folder, pipeline=None, **kwargs):
    pipeline = pipeline or [LoadImageFromFile(), PackInputs()]
    return ListedImages('list.txt', str(folder), pipeline=pipeline, **kwargs)


def shown(dataset, index):
    data = dataset[index]
    sample = data['data_samples']
    value = int(data['inputs'].max())
    assert sample.sample_idx == value
    assert sample.gt_label.item() == LABELS[value]
    return value


def spoil(folder, *numbers):
    for number in numbers:
        (folder / f'{number}.png').write_bytes(b'no image')


def test_corrupt_image_stops_by_default_and_is_named(folder):
    spoil(folder, 2)
    dataset = images(folder)
    assert shown(dataset, 1) == 1
    with pytest.raises(
            CorruptImageError,
            match=r"2\.png, item 2 of 5.*its 8 bytes.*'skip'"):
        dataset[2]
    assert dataset.corrupt_images == []


def test_next_image_of_the_class_takes_its_place(folder):
    spoil(folder, 2)
    dataset = images(folder, corrupt='skip')
    assert [shown(dataset, i) for i in range(5)] == [0, 1, 4, 3, 4]
    assert dataset.corrupt_images == [str(folder / '2.png')]


def test_place_goes_round_the_end_and_then_to_other_classes(folder):
    spoil(folder, 4)
    assert shown(images(folder, corrupt='skip'), 4) == 0
    spoil(folder, 0, 2)
    dataset = images(folder, corrupt='skip')
    assert shown(dataset, 4) == 1
    assert len(dataset.corrupt_images) == 3


def test_each_corrupt_image_is_decoded_and_logged_once(folder, monkeypatch):
    lines = []
    monkeypatch.setattr('mmcurv.datasets.decodable_images.print_log',
                        lambda text, **_: lines.append(text))
    spoil(folder, 1, 2)
    dataset = images(folder, corrupt='skip')
    for _ in range(2):
        for i in range(5):
            dataset[i]
    assert len(lines) == 2
    assert '2 of 5 images are corrupt so far' in lines[1]


def test_workers_tell_the_main_process(folder):
    spoil(folder, 0, 3)
    dataset = images(folder, corrupt='skip')
    for _ in DataLoader(dataset, num_workers=1, collate_fn=pseudo_collate):
        pass
    assert dataset.corrupt_images == [
        str(folder / '0.png'), str(folder / '3.png')
    ]


def test_loader_that_returns_nothing_is_noticed_as_well(folder):
    spoil(folder, 2)
    pipeline = [LoadImageFromFile(ignore_empty=True), lambda data: data]
    (folder / '2.png').unlink()
    dataset = images(folder, pipeline, corrupt='skip', check_files='none')
    assert dataset[2]['sample_idx'] == 4
    assert dataset.corrupt_images == [str(folder / '2.png')]


def test_nothing_left_to_show_is_an_error(folder):
    spoil(folder, *range(5))
    with pytest.raises(CorruptImageError, match='none of the 5 images'):
        images(folder, corrupt='skip')[0]


def test_fault_of_the_pipeline_is_not_taken_for_a_corrupt_image(folder):

    def fail(data):
        raise KeyError('mine')

    dataset = images(folder, [fail], corrupt='skip')
    with pytest.raises(KeyError, match='mine'):
        dataset[0]
    assert dataset.corrupt_images == []


def test_test_set_is_not_skipped(folder):
    with pytest.raises(ValueError, match='for training sets'):
        images(folder, corrupt='skip', test_mode=True)
    with pytest.raises(ValueError, match="'stop', 'skip'.*but got 'ignore'"):
        images(folder, corrupt='ignore')


def test_long_tailed_part_shows_only_its_own_images(folder):
    spoil(folder, 2)
    part = LongTailed(images(folder, corrupt='skip'), counts=[3, 1])
    kept = set(part.positions.tolist())
    assert 2 in kept
    shown = {int(part[i]['inputs'].max()) for i in range(4)}
    assert shown == kept - {2}
