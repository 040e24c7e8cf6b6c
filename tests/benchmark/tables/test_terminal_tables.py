# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import io

from rich.console import Console

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.terminal_tables import terminal_tables
from tests.benchmark.synthetic_runs import example_collection, small_specs


def printed(collection):
    console = Console(width=120, file=io.StringIO())
    console.print(terminal_tables(collection, summarize(collection)))
    return console.file.getvalue()


def test_states_means_differences_verdicts_and_warnings_are_printed():
    specs = small_specs()
    collection = example_collection(specs,
                                    {specs[0].name: ('failed', '[bold]x')})
    collection['runs'][1]['record']['code']['clean'] = False
    text = printed(collection)
    assert 'Runs: 1 failed, 23 done, 12 no config' in text
    assert '67.80 ± 2.54 (2 of 3 seeds)' in text
    assert 'What CR changed: CIFAR-10-LT, imbalance 10' in text
    assert '+2.43 ± 0.38' in text and 'Variance' not in text
    assert 'Table 1 of the paper: 7 not reproduced' in text
    assert 'Warning: There were uncommitted changes' in text


def test_names_are_no_markup_of_the_terminal():
    collection = example_collection(
        epochs=3, title='[red]a[/red] \x1b[31m', paper_table=None)
    assert '[red]a[/red] \ufffd[31m' in printed(collection)


def test_differences_that_no_seed_has_are_left_out():
    specs = small_specs()
    text = printed(
        example_collection(
            specs, {
                one.name: ('missing', None)
                for one in specs if one.imbalance_factor == 10
            }))
    assert 'What CR changed: CIFAR-10-LT, imbalance 100' in text
    assert 'What CR changed: CIFAR-10-LT, imbalance 10 ' not in text
    assert 'BBN' not in text.split('What CR changed')[1]
