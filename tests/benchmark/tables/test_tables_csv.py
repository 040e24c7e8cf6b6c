# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import csv

import pytest

from mmcurv.benchmark.collecting.metrics import ACCURACIES, METRICS
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.tables_csv import (write_cells_csv,
                                                write_pairs_csv,
                                                write_paper_csv)
from tests.benchmark.synthetic_runs import (example_collection, small_specs,
                                            spec)

SPECS = small_specs()
SUMMARY = summarize(
    example_collection(SPECS, {SPECS[0].name: ('failed', 'boom, "x"')}))


def read(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_cells_have_one_row_for_each_number_and_evaluation(tmp_path):
    path = str(tmp_path / 'cells.csv')
    write_cells_csv(path, SUMMARY)
    rows = read(path)
    assert len(rows) == 12 * (len(METRICS) + len(ACCURACIES))
    row, entry = rows[0], SUMMARY['cells'][0]['metrics']['overall']
    assert (row['method'], row['cr'], row['metric'],
            row['evaluation']) == ('CE', 'False', 'overall', 'main')
    assert float(row['mean']) == entry['mean']
    assert float(row['half_width']) == pytest.approx(
        (entry['high'] - entry['low']) / 2)
    assert row['seeds'] == '1 2' and row['state'] == '2 of 3 seeds'
    assert [float(value) for value in row['values'].split()] == (
        entry['values'])
    assert (row['n'], row['planned']) == ('2', '3')


def test_cells_without_a_number_say_why(tmp_path):
    path = str(tmp_path / 'cells.csv')
    write_cells_csv(path, SUMMARY)
    states = {
        (row['method'], row['metric']): row['state']
        for row in read(path) if row['cr'] == 'True'
    }
    assert states['BBN', 'overall'] == 'not run (no config)'
    assert states['CE', 'tail'] == '–' and states['CE', 'overall'] == 'done'
    means = {row['mean'] for row in read(path) if row['method'] == 'BBN'}
    assert means == {'nan'}


def test_pairs_have_one_row_for_each_number(tmp_path):
    path = str(tmp_path / 'pairs.csv')
    write_pairs_csv(path, SUMMARY)
    rows = read(path)
    assert len(rows) == 6 * len(METRICS)
    entry = SUMMARY['pairs'][1]['metrics']['variance']
    row = rows[len(METRICS) + METRICS.index('variance')]
    for name in ('difference', 'low', 'high', 'p', 'p_holm'):
        assert float(row[name]) == entry[name]
    assert row['seeds'] == '0 1 2' and row['negative'] == '3'


def test_without_pairs_the_header_is_written(tmp_path):
    full, empty = str(tmp_path / 'full.csv'), str(tmp_path / 'empty.csv')
    write_pairs_csv(full, SUMMARY)
    write_pairs_csv(empty, summarize(example_collection([spec()], epochs=3)))
    with open(full) as file, open(empty) as other:
        assert other.read() == file.readline()


def test_paper_has_numbers_and_gains(tmp_path):
    path = str(tmp_path / 'paper.csv')
    write_paper_csv(path, SUMMARY)
    rows = read(path)
    kinds = [row['kind'] for row in rows]
    assert kinds == ['value'] * 56 + ['gain'] * 24
    assert {row['cr'] for row in rows[56:]} == {''}
    row, = [
        row for row in rows[:56] if row['method'] == 'Cross Entropy'
        and row['imbalance_factor'] == '100.0' and row['cr'] == 'True'
    ]
    assert (row['value'], row['verdict']) == ('72.6', 'not reproduced')
