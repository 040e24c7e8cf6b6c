# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import pytest

from mmcurv.datasets.image_list_json import read_bbn_json, read_coco_json
from tests.listed_formats import bbn_json, inaturalist_json, inaturalist_pairs

PAIRS = inaturalist_pairs()


@pytest.fixture
def write(tmp_path):

    def write(record):
        path = tmp_path / 'x.json'
        path.write_text(
            record if isinstance(record, str) else json.dumps(record))
        return path

    return write


def test_coco_json_joins_images_and_annotations_by_id(write):
    record = inaturalist_json(PAIRS)
    record['images'].reverse()
    images = read_coco_json(write(record), year=2018)
    assert list(zip(images.paths, images.labels.tolist())) == PAIRS
    assert images.num_classes == 3


def test_bbn_json_gives_paths_labels_and_number_of_classes(write):
    images = read_bbn_json(write(bbn_json(PAIRS, 5)))
    assert list(zip(images.paths, images.labels.tolist())) == PAIRS
    assert images.num_classes == 5


def test_absolute_paths_of_another_machine_lose_their_beginning(write):
    path = write(bbn_json(PAIRS, prefix='/data/other/'))
    for strip in ('/data/other', '/data/other/'):
        assert read_bbn_json(path, strip).paths == [name for name, _ in PAIRS]
    with pytest.raises(ValueError, match="6 of 6 paths.*strip='/home'"):
        read_bbn_json(path, '/home')


@pytest.mark.parametrize('read, record, message', [
    (read_coco_json, bbn_json(PAIRS),
     'images, categories are missing; found: annotations, num_classes.*'
     'mmcurv.BBNJson'),
    (read_bbn_json, inaturalist_json(PAIRS),
     'num_classes is missing.*mmcurv.INaturalist2018'),
    (read_coco_json, dict(images=[], categories=[]),
     'annotations is missing.*Test sets have no labels'),
    (read_coco_json, [1], 'found: a list. Is it a file of another version'),
    (read_coco_json, '{"images": [', 'no whole JSON file'),
    (read_bbn_json, dict(annotations=[], num_classes=3), 'has no annotation'),
    (read_bbn_json, dict(annotations=[dict(fpath='a')],
                         num_classes=1), "an entry has no 'category_id'"),
    (read_bbn_json, dict(annotations=['a.jpg'],
                         num_classes=1), 'an entry is of another form'),
    (read_coco_json, dict(inaturalist_json(PAIRS),
                          images=['a.jpg']), 'an entry is of another form'),
])
def test_json_of_another_format_or_version_is_told(write, read, record,
                                                   message):
    with pytest.raises(ValueError, match=message):
        read(write(record))


def test_json_of_another_year_is_refused_where_it_tells_it(write):
    path = write(inaturalist_json(PAIRS, year=2019))
    with pytest.raises(ValueError, match='data of 2018.*says 2019'):
        read_coco_json(path, year=2018)
    assert len(read_coco_json(path)) == 6
    record = inaturalist_json(PAIRS)
    del record['info']
    assert len(read_coco_json(write(record), year=2018)) == 6


def test_image_needs_exactly_one_annotation(write):
    record = inaturalist_json(PAIRS)
    record['annotations'][1]['image_id'] = 50
    with pytest.raises(ValueError, match='6 images have 6.*name 5 of them'):
        read_coco_json(write(record))
    record['annotations'].pop(1)
    with pytest.raises(ValueError, match='6 images have 5.*name 5 of them'):
        read_coco_json(write(record))


def test_entry_of_another_version_is_named(write):
    record = inaturalist_json(PAIRS)
    record['images'][0]['filename'] = record['images'][0].pop('file_name')
    with pytest.raises(ValueError, match="an entry has no 'file_name'"):
        read_coco_json(write(record))
