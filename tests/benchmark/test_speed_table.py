# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What make bench prints, keeps and writes into documents."""
from tests.benchmark.bench_program import bench_program
from tests.dev_scripts import dev_script

run = bench_program('run')


def test_runs_stand_together_and_a_missed_aim_is_named(capsys):
    one = dict(what='a', against='b', unit='times as fast', at_least=10)
    two = dict(what='c', unit='s', at_most=1.)
    plain = dict(what='d', unit='s')
    rows = run.together([[
        dict(one, value=value),
        dict(two, value=value / 20),
        dict(plain, value=1)
    ] for value in (8, 9, 12)])
    assert rows[0]['values'] == [8, 9, 12] and 'value' not in rows[0]
    assert [run.is_reached(row) for row in rows] == [False, True, None]
    run.show(rows)
    assert capsys.readouterr().out.count('missed') == 1
    record = dict(
        rows=rows,
        threads=2,
        load=0.1,
        machine=dict(processor='x'),
        packages=dict(torch='2'),
        code=dict(version='0.2', commit=None))
    table, = dev_script('study').speed_tables(record)
    assert list(table.frame['Aim']) == ['≥ 10, missed', '≤ 1', '']
    assert table.frame['Median'][0] == '9 times as fast'
    assert table.frame['Range'][1] == '0.4 to 0.6'
    assert table.note.startswith('3 runs; 2 threads of x')
