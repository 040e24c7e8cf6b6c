# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.cards.card_rows import card_rows
from mmcurv.benchmark.cards.card_sources import card_sources
from tests.benchmark.kept_runs import IF10, IF100, entry, kept_collection

CR = f'{IF100}_cr'
CODE = f'mmcurv 0.1.0, commit {"a" * 40}'


def sources(collections):
    rows = card_rows([entry(IF100), entry(CR)], collections)
    return card_sources(rows, collections)


def test_file_commit_and_commands_are_told():
    collection = kept_collection({IF100: [70, 71, 72], CR: [71, 73]})
    collection['matrix']['file'] = 'benchmarks/matrices/small.yml'
    assert sources({'benchmarks/records/small.json': collection}) == [
        f'`benchmarks/records/small.json`: 5 runs, seeds 0, 1 and 2, of {CODE}'
        '. Commands: `tools/benchmark.py run benchmarks/matrices/small.yml`, '
        'then `tools/benchmark.py collect small.yml`.'
    ]


def test_changed_files_and_several_commits_are_told():
    collection = kept_collection({IF100: [70, 71]})
    collection['runs'][1]['record']['code'] = dict(
        version='0.1.0', commit='b' * 40, clean=False)
    text, = sources({'a': collection})
    assert f'of {CODE} and mmcurv 0.1.0, commit {"b" * 40} with changed ' \
        'files. ' in text


def test_every_file_that_was_used_is_told_and_no_other():
    found = sources({
        'c': kept_collection({CR: [70]}),
        'b': kept_collection({IF10: [70]}),
        'a': kept_collection({IF100: [71, 72]}),
    })
    assert [text[:18] for text in found
            ] == ['`a`: 2 runs, seeds', '`c`: 1 run'
                  ', seed 0']
    assert sources({}) == []
