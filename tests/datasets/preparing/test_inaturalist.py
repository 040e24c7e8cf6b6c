# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import shutil

import pytest

from mmcurv.datasets import INaturalist2018, split_fingerprint
from mmcurv.datasets.preparing import Options, is_ready
from mmcurv.datasets.preparing.inaturalist import prepare_inaturalist
from tests.listed_formats import (inaturalist_json, inaturalist_pairs,
                                  write_inaturalist)


@pytest.fixture
def root(tmp_path, tiny_counts):
    write_inaturalist(tmp_path)
    return tmp_path


def by_name(root):
    checks = prepare_inaturalist(Options(str(root)))
    return {check.name: check for check in checks}


def test_lists_are_built_from_the_json(root):
    before = split_fingerprint(INaturalist2018(str(root)))
    checks = by_name(root)
    assert is_ready(checks.values())
    assert checks['iNaturalist18_train.txt'].state == 'built'
    assert checks['iNaturalist18_train.txt'].found == (
        '6 lines, from train2018.json')
    text = (root / 'iNaturalist18_train.txt').read_text()
    assert text.splitlines()[5] == 'train_val2018/Aves/2/train0.jpg 2'
    assert split_fingerprint(INaturalist2018(str(root))) == before
    assert by_name(root)['iNaturalist18_train.txt'].state == 'ok'


def test_missing_parts_say_where_to_get_them(tmp_path, tiny_counts):
    checks = by_name(tmp_path)
    assert [check.state for check in checks.values()] == ['missing'] * 3
    assert 'train2018.json.tar.gz' in checks['iNaturalist18_train.txt'].remedy
    assert f'extract it in {tmp_path}' in checks['train_val2018/'].remedy


def test_json_of_another_year_builds_nothing(root):
    (root / 'train2018.json').write_text(
        json.dumps(inaturalist_json(inaturalist_pairs(), 2019)))
    check = by_name(root)['iNaturalist18_train.txt']
    assert check.state == 'wrong' and 'says 2019' in check.found
    assert not (root / 'iNaturalist18_train.txt').exists()


def test_missing_images_are_counted(root):
    shutil.rmtree(root / 'train_val2018/Insecta')
    checks = by_name(root)
    assert '3 of 6 images are missing' in checks['train'].found
    assert '1 of 3 images are missing' in checks['val'].found


def test_overlap_is_a_note_with_the_count(root):
    (root / 'val2018.json').write_text(
        json.dumps(inaturalist_json(inaturalist_pairs((1, 1, 1)))))
    check = by_name(root)['train and val']
    assert check.state == 'note' and check.found.startswith('3 of 3 images')
