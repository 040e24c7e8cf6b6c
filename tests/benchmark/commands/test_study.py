# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import argparse

import pytest

from mmcurv.benchmark.collecting.collection import write_collection
from mmcurv.benchmark.commands import study
from mmcurv.engine.config_options import UsageError
from tests.benchmark.page_example import study_example

TEXT = '<!-- a.json: begin -->\n<!-- a.json: end -->\n'


def call(*words):
    parser = argparse.ArgumentParser()
    study.add_parser(parser.add_subparsers())
    args = parser.parse_args(['study', *words])
    return args.run(args)


@pytest.fixture
def document(tmp_path):
    write_collection(str(tmp_path / 'a.json'), study_example()[0])
    (tmp_path / 'study.md').write_text(TEXT)
    return tmp_path / 'study.md'


def test_check_says_what_is_out_of_date_and_writes_nothing(document, capsys):
    assert call(str(document), '--check') == 1
    assert f'out of date: {document}' in capsys.readouterr().out
    assert document.read_text() == TEXT


def test_document_is_written_once(document, capsys):
    assert call(str(document)) == 0
    assert '| CR, tau=10 |' in document.read_text()
    assert call(str(document), '--check') == 0
    assert '1 of 1 documents were up to date.' in capsys.readouterr().out


def test_missing_document_is_named(tmp_path):
    with pytest.raises(UsageError, match='none.md: expected a document'):
        call(str(tmp_path / 'none.md'))
