# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import pytest
from mmpretrain.datasets import LoadImageFromFile, PackInputs

from mmcurv.datasets import INaturalist2018, class_counts, split_fingerprint
from tests.listed_formats import (SPECIES, inaturalist_json, inaturalist_pairs,
                                  write_inaturalist, write_lines)


@pytest.fixture(autouse=True)
def three_species(monkeypatch):
    monkeypatch.setattr(INaturalist2018, 'NUM_CLASSES', 3)


@pytest.fixture
def root(tmp_path):
    write_inaturalist(tmp_path)
    return tmp_path


@pytest.mark.parametrize('form', ['json', 'list'])
def test_both_forms_are_read_back(tmp_path, form):
    write_inaturalist(tmp_path, (3, 2, 1), form)
    dataset = INaturalist2018(
        str(tmp_path), pipeline=[LoadImageFromFile(),
                                 PackInputs()])
    assert class_counts(dataset) == [3, 2, 1]
    assert dataset.metainfo['classes'] == SPECIES
    assert int(dataset[4]['inputs'].max()) == 4
    assert dataset[4]['data_samples'].gt_label.item() == 1
    assert class_counts(INaturalist2018(str(tmp_path), 'val')) == [1, 1, 1]


def test_both_forms_have_one_fingerprint(tmp_path):
    known = set()
    for form in ('json', 'list'):
        write_inaturalist(tmp_path / form, (3, 2, 1), form)
        known.add(split_fingerprint(INaturalist2018(str(tmp_path / form))))
    assert len(known) == 1


def test_list_wins_over_json_unless_one_is_given(root):
    write_lines(root / 'iNaturalist18_train.txt', inaturalist_pairs((1, 1, 1)))
    assert len(INaturalist2018(str(root))) == 3
    assert len(INaturalist2018(str(root), ann_file='train2018.json')) == 6


def test_published_species_name_the_classes(root):
    rows = [
        dict(id=i, name=name) for i, name in ((1, 'b'), (0, 'a'), (2, 'c'))
    ]
    (root / 'categories.json').write_text(json.dumps(rows))
    names = INaturalist2018(str(root)).metainfo['classes']
    assert names == ('a', 'b', 'c')
    (root / 'categories.json').write_text(json.dumps(rows[:2]))
    with pytest.raises(ValueError, match='ids 0 to 2, but found 2'):
        INaturalist2018(str(root))


@pytest.mark.parametrize('text', ['[{"id": 0}]', '{"0": "a"}', '[{"id"'])
def test_other_file_of_species_is_told(root, text):
    (root / 'categories.json').write_text(text)
    with pytest.raises(ValueError, match='categories.json.* again'):
        INaturalist2018(str(root))


def test_other_number_of_classes_is_refused(root, monkeypatch):
    monkeypatch.undo()
    assert INaturalist2018.NUM_CLASSES == 8142
    with pytest.raises(ValueError, match='8139 of 8142 classes have no image'):
        INaturalist2018(str(root))


def test_json_of_another_year_is_refused(root):
    (root / 'train2018.json').write_text(
        json.dumps(inaturalist_json(inaturalist_pairs(), 2021)))
    with pytest.raises(ValueError, match='data of 2018.*says 2021'):
        INaturalist2018(str(root))


def test_class_in_two_folders_is_refused(root):
    write_lines(root / 'iNaturalist18_train.txt',
                [*inaturalist_pairs(), ('train_val2018/Aves/9/x.jpg', 2)])
    with pytest.raises(ValueError, match='3 labels and 4 folders make 4'):
        INaturalist2018(str(root))


def test_overlap_with_val_is_a_warning_with_the_count(root, monkeypatch):
    lines = []
    monkeypatch.setattr('mmcurv.datasets.lists.print_log',
                        lambda text, **_: lines.append(text))
    INaturalist2018(str(root))
    assert lines == []
    (root / 'val2018.json').write_text(
        json.dumps(inaturalist_json(inaturalist_pairs((1, 1, 1)))))
    INaturalist2018(str(root))
    assert len(lines) == 1 and '3 of 3 images of' in lines[0]


def test_missing_files_name_the_command_that_helps(tmp_path):
    with pytest.raises(
            FileNotFoundError,
            match="a folder at data_root='/no/such'.*prepare_data.py "
            'inaturalist2018 --root /no/such'):
        INaturalist2018('/no/such')
    with pytest.raises(
            FileNotFoundError,
            match='iNaturalist18_train.txt.*inaturalist2018'):
        INaturalist2018(str(tmp_path))
    with pytest.raises(ValueError, match="'train', 'val'.*but got 'test'"):
        INaturalist2018(split='test')
