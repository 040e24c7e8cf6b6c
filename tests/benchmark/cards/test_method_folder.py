# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import yaml

from mmcurv.benchmark.cards.method_folder import folder_texts, read_records
from mmcurv.benchmark.collecting.collection import write_collection
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_text
from tests.benchmark.kept_runs import IF100, METAFILE, README, kept_collection

CR = f'{IF100}_cr'


@pytest.fixture
def folder(tmp_path):
    write_text(f'{tmp_path}/metafile.yml', METAFILE)
    write_text(f'{tmp_path}/README.md', README)
    return tmp_path


def update(folder, collections):
    """Write what is out of date; returns the names of those files."""
    stale = [
        text for text in folder_texts(str(folder), collections)
        if text.old != text.new
    ]
    for text in stale:
        write_text(text.path, text.new)
    return [text.path.rpartition('/')[2] for text in stale]


def read(folder, name):
    return (folder / name).read_text(encoding='utf-8')


def models(folder):
    return yaml.safe_load(read(folder, 'metafile.yml'))['Models']


def test_new_folder_gets_its_table_between_the_marks(folder):
    assert update(folder, {}) == ['README.md']
    text = read(folder, 'README.md')
    assert text.startswith(README[:README.index('<!-- results: end')])
    assert text.endswith('\n\n<!-- results: end -->\n\nThe end.\n')
    assert '| 70.3 | not run | 72.6 | not run | not run |' in text
    assert update(folder, {}) == []


def test_results_of_kept_runs_come_into_both_files(folder):
    kept = {'a': kept_collection({IF100: [70, 71], CR: [71, 73.333]})}
    assert update(folder, kept) == ['metafile.yml', 'README.md']
    assert [model['Results'] for model in models(folder)] == [[
        dict(
            Task='Image Classification',
            Dataset='CIFAR-10-LT',
            Metrics={'Top 1 Accuracy': value})
    ] for value in (70.5, 72.17)]
    assert '| 72.17 ± ' in read(folder, 'README.md')
    assert update(folder, kept) == []
    assert update(folder, {}) == ['metafile.yml', 'README.md']
    assert read(folder, 'metafile.yml') == METAFILE


def test_changed_number_of_a_record_is_noticed(folder):
    update(folder, {'a': kept_collection({IF100: [70]})})
    later = {'a': kept_collection({IF100: [70.01]})}
    assert update(folder, later) == ['metafile.yml', 'README.md']


@pytest.mark.parametrize('name, old, new', [
    ('metafile.yml', 'Accuracy: 70.3', 'Accuracy: 70.4'),
    ('metafile.yml', 'Table 1', 'Table 2'),
    ('metafile.yml', 'Results: null', 'Results: [{Task: T, Dataset: D}]'),
    ('README.md', '70.3', '70.4'),
    ('README.md', 'not run', '99.9'),
])
def test_number_that_was_changed_by_hand_is_noticed(folder, name, old, new):
    update(folder, {})
    good = read(folder, name)
    assert old in good
    write_text(f'{folder}/{name}', good.replace(old, new))
    assert update(folder, {}) == [name]
    assert read(folder, name) == good


def test_doubtful_target_carries_its_reason(folder):
    text = METAFILE
    for old, new in (('Cross Entropy', 'RIDE (4*)'), ('if100', 'if50'),
                     ('Factor: 100', 'Factor: 50'), ('CIFAR-10-',
                                                     'CIFAR-100-')):
        text = text.replace(old, new)
    write_text(f'{folder}/metafile.yml', text)
    update(folder, {})
    target = models(folder)[0]['Metadata']['Target']
    assert (target['Paper Table'], target['Top 1 Accuracy']) == ('Table 2', 59)
    assert target['Doubtful'].startswith('higher than at imbalance 10')
    assert '59.0 (note 1)' in read(folder, 'README.md')


def test_config_that_the_paper_lacks_loses_its_target(folder):
    write_text(f'{folder}/metafile.yml', METAFILE.replace('32', '20'))
    update(folder, {})
    assert all('Target' not in model['Metadata'] for model in models(folder))
    assert '| not in the paper | not run |' in read(folder, 'README.md')


@pytest.mark.parametrize('name', ['metafile.yml', 'README.md'])
def test_missing_file_says_what_a_folder_needs(folder, name):
    (folder / name).unlink()
    with pytest.raises(UsageError, match='results: begin') as error:
        folder_texts(str(folder), {})
    assert str(error.value).startswith(f'{folder}/{name}: there is no such')


def test_readme_without_marks_says_what_to_add(folder):
    write_text(f'{folder}/README.md', '# A method\n')
    with pytest.raises(UsageError, match="Add both where the table"):
        folder_texts(str(folder), {})


def test_records_are_read_by_name_and_other_files_left_alone(tmp_path):
    one = kept_collection({IF100: [70]})
    write_collection(f'{tmp_path}/b.json', one)
    write_collection(f'{tmp_path}/a.json', dict(one, created='later'))
    write_text(f'{tmp_path}/README.md', '')
    found = read_records(str(tmp_path))
    assert list(found) == [f'{tmp_path}/a.json', f'{tmp_path}/b.json']
    assert [each['created']
            for each in found.values()] == ['later', '2026-01-01']


def test_record_that_is_none_is_an_error_that_names_it(tmp_path):
    write_text(f'{tmp_path}/a.json', '{"schema": "other"}')
    with pytest.raises(UsageError, match="a.json: expected schema 'mmcurv.c"):
        read_records(str(tmp_path))
