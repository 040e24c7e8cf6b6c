# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Metafiles and documents: what is written, and that all else stays."""
from pathlib import Path

import pytest
import yaml

from mmcurv.arguments import UsageError
from mmcurv.benchmark.collect import summarize, write_collection
from mmcurv.files import write_json, write_text
from tests.benchmark.page_example import mixed_example, study_example
from tests.benchmark.synthetic_runs import example_collection, spec
from tests.dev_scripts import dev_script
from tests.dev_scripts.kept_runs import (CIFAR10, IF100, METAFILE, README,
                                         entry, kept_collection)

ROOT = Path(__file__).parents[2]
CR = f'{IF100}_cr'
TEXT = """\
# A study

<!-- records/a.json: begin -->
old
<!-- records/a.json: end -->

Words.
"""
slow = pytest.mark.slow
documents, metafile = dev_script('write_documents'), dev_script('metafile')
study = dev_script('study')


def test_documents_are_up_to_date(monkeypatch):
    monkeypatch.chdir(ROOT)
    texts = documents.new_texts()
    assert len(texts) > 50
    stale = [
        path for path, text in texts.items()
        if Path(path).read_text(encoding='utf-8') != text
    ]
    assert stale == [], 'give "python .dev_scripts/write_documents.py"'


# Metafiles


@slow
def test_entries_are_read_in_order():
    found = metafile.read_metafile(METAFILE, 'metafile.yml')
    assert found == [entry(IF100), entry(CR)]
    assert [one.cr for one in found] == [False, True]
    text = METAFILE.replace('      Imbalance Factor: 100\n', '')
    assert metafile.read_metafile(text, '')[0].imbalance_factor is None


@slow
@pytest.mark.parametrize('old, new, words', [
    ('    In Collection: Cross Entropy\n', '', 'Models.0.In Collection'),
    ('      Architecture: ResNet-32\n', '', 'Metadata.Architecture'),
    ('      Training Data: CIFAR-10-LT\n', '      Training Data: [a]\n',
     'Models.1.Metadata.Training Data'),
    ('Epochs: 200, ', '', 'Protocol.Epochs'),
    ('Epochs: 200', 'Epochs: true', 'valid integer'),
    ('Factor: 100', 'Factor: many', 'Imbalance Factor'),
    ('last epoch', 'last', "'last epoch' or 'best epoch'"),
    (f'      Switches: --with {CIFAR10} --cr\n', '',
     "Config: expected a path that ends in 'ce_resnet32_cifar10-lt"),
    (' --cr', ' --crr', 'Switches: expected .* unrecognized'),
    (' --cr', ' --cr "', 'Switches: expected .* closing quotation'),
    ('Models:', 'Model:', 'Models: Field required'),
    ('Models:', 'Models: [', 'expected YAML'),
    ('    Results: null', '    Name: twice', "the key 'Name' stands here twi"),
    ('if100_cr', 'if100', 'more than once'),
])
def test_faulty_metafile_is_refused_with_the_place(old, new, words):
    text = METAFILE.replace(old, new)
    assert text != METAFILE
    with pytest.raises(UsageError, match=words) as error:
        metafile.read_metafile(text, 'configs/x/metafile.yml')
    assert str(error.value).startswith('configs/x/metafile.yml')


@slow
def test_configs_of_one_table_share_the_main_number():
    text = METAFILE.replace('last epoch', 'best epoch', 1)
    with pytest.raises(UsageError, match='got best and last'):
        metafile.read_metafile(text, '')


@pytest.fixture
def folder(tmp_path):
    write_text(f'{tmp_path}/metafile.yml', METAFILE)
    write_text(f'{tmp_path}/README.md', README)
    return tmp_path


def update(folder, collections):
    """Write what is out of date; returns the names of those files."""
    stale = []
    for path, text in documents.folder_texts(str(folder), collections).items():
        if Path(path).read_text(encoding='utf-8') != text:
            write_text(path, text)
            stale.append(Path(path).name)
    return stale


def read(folder, name):
    return (folder / name).read_text(encoding='utf-8')


def models(folder):
    return yaml.safe_load(read(folder, 'metafile.yml'))['Models']


@slow
def test_new_folder_gets_its_table_between_the_marks(folder):
    assert update(folder, {}) == ['README.md']
    text = read(folder, 'README.md')
    assert text.startswith(README[:README.index('<!-- results: end')])
    assert text.endswith('\n\n<!-- results: end -->\n\nThe end.\n')
    assert '| 70.3 | not run | 72.6 | not run | not run |' in text
    assert update(folder, {}) == []


@slow
def test_results_come_into_both_files_and_go_and_comments_stay(folder):
    kept = {'a': kept_collection({IF100: [70, 71], CR: [71, 73.333]})}
    assert update(folder, kept) == ['metafile.yml', 'README.md']
    assert [model['Results'] for model in models(folder)] == [[
        dict(
            Task='Image Classification',
            Dataset='CIFAR-10-LT',
            Metrics={'Top 1 Accuracy': value})
    ] for value in (70.5, 72.17)]
    assert '# The targets are the paper' in read(folder, 'metafile.yml')
    assert '| 72.17 ± ' in read(folder, 'README.md')
    assert update(folder, kept) == []
    assert update(folder, {}) == ['metafile.yml', 'README.md']
    assert read(folder, 'metafile.yml') == METAFILE


@slow
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


@slow
def test_config_that_the_paper_lacks_loses_its_target(folder):
    write_text(f'{folder}/metafile.yml', METAFILE.replace('32', '20'))
    update(folder, {})
    assert all('Target' not in model['Metadata'] for model in models(folder))
    assert '| not in the paper | not run |' in read(folder, 'README.md')


@slow
def test_metafile_that_cannot_be_edited_by_lines_is_refused():
    text = METAFILE.replace('    Results: null\n',
                            '    Results:\n      - Task: Image\n', 1)
    generated = {IF100: (None, None), CR: (None, None)}
    with pytest.raises(UsageError, match='block style'):
        metafile.edit_metafile(text, generated, 'metafile.yml')


@slow
@pytest.mark.parametrize('name', ['metafile.yml', 'README.md'])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f'{name}: expected a document'):
        documents.folder_texts(str(folder), {})


@slow
@pytest.mark.parametrize('lines, words', [
    (['# A'], 'the first in line none and the second in line none'),
    (['B', 'table'], 'the first in line 1 and the second in line none'),
    (['E', 'B'], 'the first in line 2 and the second in line 1'),
    (['B', 'B', 'E'], 'the first in line 1, 2 and the second in line 3'),
    (['as B says', 'E'], 'the first in line none'),
])
def test_marks_have_to_be_whole(lines, words):
    text = '\n'.join(lines).replace('B', '<!-- results: begin -->').replace(
        'E', '<!-- results: end -->')
    with pytest.raises(UsageError, match=words):
        documents.replace_part(text, 'new', 'configs/x/README.md')


# Documents of records


@pytest.fixture
def document(tmp_path):
    write_collection(str(tmp_path / 'records' / 'a.json'), study_example()[0])
    write_text(str(tmp_path / 'study.md'), TEXT)
    return str(tmp_path / 'study.md')


@slow
def test_table_is_written_once_and_the_rest_stays(document, capsys):
    assert documents.main([document, '--check']) == 1
    assert '+| CR, tau=100 |' in capsys.readouterr().out
    assert Path(document).read_text() == TEXT
    assert documents.main([document]) == 0
    filled = Path(document).read_text()
    assert 'old' not in filled
    assert filled.startswith('# A study\n\n<!-- records/a.json: begin -->\n')
    assert filled.endswith('<!-- records/a.json: end -->\n\nWords.\n')
    assert 'Trained by `tools/benchmark.py run ' in filled
    assert documents.main([document, '--check']) == 0


@slow
@pytest.mark.parametrize('text, words', [
    ('# A study\n', 'found none'),
    (TEXT.replace('a.json', 'b.json'), 'b.json: expected a kept collection'),
    (TEXT.replace('<!-- records/a.json: end -->\n', ''),
     "the line '<!-- records/a.json: end -->' once below it"),
])
def test_document_that_cannot_be_filled_says_why(document, text, words,
                                                 capsys):
    write_text(document, text)
    assert documents.main([document]) == 2
    assert words in capsys.readouterr().err
    assert Path(document).read_text() == text


@slow
def test_several_methods_have_all_numbers_and_what_cr_changed(document):
    record = Path(document).parent / 'records' / 'a.json'
    write_collection(str(record), mixed_example()[0])
    filled = documents.fill_document(TEXT, document)
    assert '**CIFAR-10-LT, imbalance 100, after the last epoch**' in filled
    assert '**Overall: what CR changed**' in filled


@slow
def test_record_of_gradients_has_a_table_of_its_own(document, tmp_path):
    rows = [
        dict(train_count=n, ce_norm=2., cr_norm=n / 5, outward=o, with_ce=0.)
        for n, o in ((5, 0.5), (10, None))
    ]
    write_json(
        str(tmp_path / 'records' / 'a.json'),
        dict(
            schema='mmcurv.cr_gradient',
            schema_version=1,
            variants=dict(CR=rows)))
    filled = documents.fill_document(TEXT, document)
    assert '| Setting | 5 | 10 | outward | with CE |' in filled
    assert '| CR | 0.50 | 1.00 | 0.50 | 0.00 |' in filled


def rows_of(table):
    return [list(row) for row in table.frame.values]


@slow
def test_each_setting_is_its_difference_from_the_plain_runs():
    _, summary = study_example()
    table = study.study_table(summary)
    rows = rows_of(table)
    assert [row[0] for row in rows
            ] == ['CE without CR', 'CR', 'CR, tau=10', 'CR, tau=100']
    assert rows[0][1].endswith('(n = 3)')
    own = summary.differences[summary.differences.metric == 'overall']
    for row, change in zip(rows[1:], own.itertuples()):
        assert row[1] == study.change_text(change)
        assert row[-1] == f'{change.positive} of 3'
    specs = [spec(seed=seed) for seed in range(2)]
    specs += [spec(seed=s, cr=True, variant='x') for s in range(2)]
    states = {one.name: ('failed', 'no disk') for one in specs if one.cr}
    failed = example_collection(specs, states, paper_table=None)
    row = rows_of(study.study_table(summarize(failed)))[1]
    assert row[:2] == ['CR, x', 'failed'] and set(row[2:]) == {''}


@slow
def test_method_is_its_mean_difference_from_the_first_one_by_common_seed():
    specs = [
        spec(method=method, seed=seed)
        for method, own in (('CE', (0, 1)), ('Focal', (1, 2))) for seed in own
    ]
    collection = example_collection(specs, paper_table=None)
    table, = study.baseline_tables(summarize(collection))
    first, other = (
        next(run['record']['results']['last']['metrics']['overall']
             for run in collection['runs']
             if (run['method'], run['seed']) == (method, 1))
        for method in ('CE', 'Focal'))
    row, = rows_of(table)
    assert row[0] == 'Focal' and row[1] == study.NUMBERS[
        'overall'].cell_change(other - first)
    assert row[4] == '–' and row[-1] == '0 of 0'  # no class is in the tail
    assert study.baseline_tables(study_example()[1]) == []


@slow
def test_refreshes_are_told_as_times_of_batch():
    cost, = study.cost_tables(
        dict(
            width=8,
            batch=4,
            command='python a.py',
            code=dict(version='0.1.0', commit='abc', clean=True),
            machine=dict(threads=2, processor='P'),
            packages=dict(torch='2.0'),
            sets=[
                dict(
                    classes=100,
                    images=9000,
                    load_before_and_after=[0.1, 2.],
                    steps={
                        name:
                        dict(
                            seconds=seconds,
                            core_seconds=2 * seconds,
                            points=250,
                            peak_bytes=peak,
                            shares=dict.fromkeys(study.PARTS, 0.1))
                        for name, seconds, peak in (('batch', .5, 2e9),
                                                    ('all', 20., None))
                    })
            ]))
    first, second = rows_of(cost)
    assert first[2:7] == ['batch', '250', '0.50', '1.0', '1.00']
    assert second[5] == '40.0' and (first[-1], second[-1]) == ('2.0', '–')
    assert '2 threads of P' in cost.note and '0.1 to 2.0' in cost.note
