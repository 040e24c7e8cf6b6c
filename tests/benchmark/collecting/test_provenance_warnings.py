# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

from mmcurv.benchmark.collecting.provenance_warnings import provenance_warnings
from tests.benchmark.synthetic_runs import example_collection, spec

SPECS = [spec(seed=seed) for seed in range(5)]
RUNS = example_collection(SPECS, epochs=3)['runs']


def changed(section, key, value, count=1):
    runs = copy.deepcopy(RUNS)
    for run in runs[:count]:
        run['record'][section][key] = value
    return provenance_warnings(runs)


def test_runs_of_one_origin_need_no_warning():
    assert provenance_warnings(RUNS) == []


def test_several_commits_are_told_with_their_runs():
    line, = changed('code', 'commit', 'b' * 40)
    assert '2 states of the code' in line
    assert '0.1.0 at bbbbbbbbbbbb (1 run)' in line
    assert '0.1.0 at aaaaaaaaaaaa (4 runs)' in line


def test_an_unclean_tree_is_told_with_the_first_names():
    line, = changed('code', 'clean', False, 4)
    assert 'uncommitted changes' in line and '4 runs' in line
    assert RUNS[0]['name'] in line and line.endswith('; 1 more.')


def test_an_unknown_commit_is_told():
    lines = changed('code', 'commit', None, 5)
    assert len(lines) == 1 and 'not known of 5 runs' in lines[0]


def test_versions_of_packages_are_told():
    lines = changed('packages', 'torch', '2.5.0')
    assert lines == [
        'The runs were trained with 2 versions of torch: 2.5.0 (1 run) and '
        '2.6.0 (4 runs).'
    ]
    assert 'not installed (4 runs)' in changed('packages', 'mmcv', '2.1.0')[0]


def test_machines_are_told_because_of_the_times():
    line, = changed('machine', 'threads', 8, 2)
    assert 'times do not compare' in line
    assert 'A processor, 8 threads, 1 process (2 runs)' in line


def test_a_record_that_does_not_count_is_told_with_its_reason():
    runs = example_collection(
        SPECS, {SPECS[1].name: ('unreadable', 'no JSON')}, epochs=3)['runs']
    assert provenance_warnings(runs) == [
        f'{SPECS[1].name} does not count (unreadable): no JSON'
    ]
