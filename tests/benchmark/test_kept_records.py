# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The kept records and the tables that are made of them."""
import hashlib
from pathlib import Path

import pytest

from mmcurv.benchmark.collecting.collection import read_collection
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.benchmark.tables.tables_markdown import markdown_tables

FOLDER = Path('benchmarks/records')
# First digits of the SHA-256 of each record's tables with the best epochs.
DIGESTS = dict(
    bundled='f378229cddd5bb8f',
    cifar100_images='ac482d252758267e',
    cr_study_cifar='01f84b7e4c806876',
    cr_study_fashion='d2d8b7993662ee57',
    cr_study_screening='1705c6ad6aadaaac')


@pytest.mark.parametrize('name', list(DIGESTS))
def test_kept_runs_are_those_of_the_matrix_and_give_the_same_tables(name):
    collection = read_collection(str(FOLDER / f'{name}.json'))
    runs = read_matrix(collection['matrix']['file']).runs
    assert [
        (run['name'], run['config'], tuple(run['with_files']),
         run['cr_switch'], run['options']) for run in collection['runs']
    ] == [(run.name, run.config, run.with_files, run.cr_switch, run.options)
          for run in runs]
    text = markdown_tables(collection, summarize(collection), True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == DIGESTS[name]
