# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import pytest
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS

from mmcurv.datasets import (BBNJson, ListedImages, class_counts,
                             split_fingerprint)
from tests.listed_formats import (SPECIES, bbn_json, inaturalist_json,
                                  inaturalist_pairs, write_image, write_lines)

PAIRS = inaturalist_pairs()


@pytest.fixture
def root(tmp_path):
    for name, _ in PAIRS:
        write_image(tmp_path / name)
    (tmp_path / 'train.json').write_text(json.dumps(bbn_json(PAIRS)))
    return tmp_path


def test_json_is_read_back_as_the_same_list(root):
    config = dict(
        type='mmcurv.BBNJson', ann_file='train.json', data_root=str(root))
    dataset = MMPRETRAIN_DATASETS.build(config)
    assert class_counts(dataset) == [3, 2, 1]
    assert dataset.metainfo['classes'] == tuple(
        name.split('/')[1] for name in SPECIES)
    write_lines(root / 'list.txt', PAIRS)
    assert split_fingerprint(dataset) == split_fingerprint(
        ListedImages('list.txt', str(root)))


def test_absolute_paths_are_taken_as_they_are_or_stripped(root):
    path = root / 'absolute.json'
    path.write_text(json.dumps(bbn_json(PAIRS, prefix=f'{root}/')))
    dataset = BBNJson(str(path))
    assert dataset.get_data_info(0)['img_path'] == str(root / PAIRS[0][0])
    path.write_text(json.dumps(bbn_json(PAIRS, prefix='/other/machine/')))
    with pytest.raises(FileNotFoundError, match='6 of 6 images'):
        BBNJson(str(path))
    dataset = BBNJson(str(path), str(root), strip='/other/machine/')
    assert dataset.get_data_info(0)['img_path'] == str(root / PAIRS[0][0])


def test_number_of_classes_is_held_against_the_labels(root):
    (root / 'train.json').write_text(json.dumps(bbn_json(PAIRS, 5)))
    with pytest.raises(ValueError, match='2 of 5 classes have no image: 3, 4'):
        BBNJson('train.json', str(root))


def test_json_of_inaturalist_is_told(root):
    (root / 'train.json').write_text(json.dumps(inaturalist_json(PAIRS)))
    with pytest.raises(ValueError, match='mmcurv.INaturalist2018'):
        BBNJson('train.json', str(root))
