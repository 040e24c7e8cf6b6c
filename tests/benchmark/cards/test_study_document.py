# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from pathlib import Path

import pytest

from mmcurv.benchmark.cards.study_document import fill_study
from mmcurv.benchmark.collecting.collection import write_collection
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_json
from tests.benchmark.page_example import mixed_example, study_example

ROOT = Path(__file__).parents[3]
TEXT = """\
# A study

<!-- records/a.json: begin -->
old
<!-- records/a.json: end -->

Words.
"""


@pytest.fixture
def document(tmp_path):
    collection, _ = study_example()
    write_collection(str(tmp_path / 'records' / 'a.json'), collection)
    return str(tmp_path / 'study.md')


def test_table_is_written_between_the_marks_and_the_rest_stays(document):
    filled = fill_study(TEXT, document)
    assert 'old' not in filled
    assert filled.startswith('# A study\n\n<!-- records/a.json: begin -->\n')
    assert filled.endswith('<!-- records/a.json: end -->\n\nWords.\n')
    assert '| CR, tau=100 |' in filled
    assert 'Trained by `tools/benchmark.py run ' in filled


def test_filling_again_changes_nothing(document):
    filled = fill_study(TEXT, document)
    assert fill_study(filled, document) == filled


def test_record_of_gradients_has_a_table_of_its_own(document, tmp_path):
    rows = [
        dict(train_count=5, ce_norm=1., cr_norm=2., outward=0., with_ce=0.)
    ]
    write_json(
        str(tmp_path / 'records' / 'a.json'),
        dict(
            schema='mmcurv.cr_gradient',
            schema_version=1,
            variants=dict(CR=rows)))
    assert '| CR | 2.00 | 0.00 | 0.00 |' in fill_study(TEXT, document)


@pytest.mark.parametrize('text, words', [
    ('# A study\n', 'found none'),
    (TEXT.replace('a.json', 'b.json'), 'b.json: expected a kept collection'),
    (TEXT.replace('<!-- records/a.json: end -->\n', ''),
     "the line '<!-- records/a.json: end -->' once below it"),
])
def test_document_that_cannot_be_filled_says_why(document, text, words):
    with pytest.raises(UsageError, match=words):
        fill_study(text, document)


def test_record_cut_short_is_named(document, tmp_path):
    (tmp_path / 'records' / 'a.json').write_text('{"schema": ')
    with pytest.raises(UsageError, match='a.json: expected'):
        fill_study(TEXT, document)


def test_several_methods_have_a_table_of_all_and_what_cr_changed(document):
    collection, _ = mixed_example()
    record = Path(document).parent / 'records' / 'a.json'
    write_collection(str(record), collection)
    filled = fill_study(TEXT, document)
    assert '**CIFAR-10-LT, imbalance 100, after the last epoch**' in filled
    assert '**What CR changed: CIFAR-10-LT, imbalance 100**' in filled


@pytest.mark.parametrize('name', ['cr_study.md', 'methods.md', 'refresh.md'])
def test_shipped_document_is_up_to_date(name):
    path = ROOT / 'docs' / name
    text = path.read_text()
    assert fill_study(text, str(path)) == text
