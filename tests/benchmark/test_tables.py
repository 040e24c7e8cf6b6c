# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of a collection, and that no two outputs disagree."""
import csv
import io
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from mmcurv.benchmark import tables
from mmcurv.benchmark.collect import (ACCURACIES, METRICS, read_collection,
                                      summarize)
from mmcurv.benchmark.page import page
from mmcurv.benchmark.paper import METRIC, data_label
from mmcurv.benchmark.run_folder import STATES
from mmcurv.numbers import NUMBERS
from tests.audit.page_reader import Page
from tests.benchmark.synthetic_runs import (example_collection, small_specs,
                                            spec)

SPECS = small_specs()
SUMMARY = summarize(
    example_collection(
        SPECS, {
            SPECS[0].name: ('failed', 'exit code 1: boom, "x"'),
            SPECS[12].name: ('missing', None),
            SPECS[13].name: ('other run', 'seed 3'),
            SPECS[14].name: ('missing', None)
        }))
KEPT = sorted(Path('benchmarks/records').glob('*.json'))
nan = math.nan


def rows_of(table):
    return [list(row) for row in table.frame.values]


def named(table):
    return {row[0]: row[1:] for row in rows_of(table)}


def summary_of(*specs, states=None, **matrix):
    return summarize(example_collection(list(specs), states, **matrix))


# Every output shows the same texts


def markdown_rows(text):
    """Rows of all Markdown tables, each a dict by heading, with its title."""
    rows, title, head = [], '', None
    for line in text.split('\n'):
        line = re.sub(r'\\([\\`*_\[\]<>|#$])', r'\1', line.replace(r'\|', '¦'))
        if line.startswith('## '):
            title, head = line[3:], None
        elif line.startswith('|'):
            cells = [
                cell.strip().replace('\u00a0', ' ')
                for cell in line.strip('|').split(' | ')
            ]
            if head is None:
                head = cells
            elif not set(cells) <= {':--', '--:'}:
                rows.append((title, dict(zip(head, cells, strict=True))))
    return rows


def page_rows(text):
    """Rows of all tables of a page, each a dict by heading, with the heading
    above."""
    rows, title = [], ''
    tree = re.findall(r'<h3>(.*?)</h3>|<table.*?>(.*?)</table>', text, re.S)
    for heading, table in tree:
        if heading:
            title = Page(f'<p>{heading}</p>').text
            continue
        head, *body = re.findall('<tr.*?>(.*?)</tr>', table, re.S)
        names = [
            Page(f'<p>{one}</p>').text
            for one in re.findall('<th.*?>(.*?)</th>', head, re.S)
        ]
        for row in body:
            cells = [
                Page(f'<p>{one}</p>').text
                for one in re.findall('<td.*?>(.*?)</td>', row, re.S)
            ]
            rows.append((title, dict(zip(names, cells, strict=True))))
    return rows


def csv_rows(summary):
    text = tables.long_table(summary).to_csv(index=False)
    return list(csv.DictReader(io.StringIO(text)))


def mean_of(row):
    """What a table has to show of a row of the CSV."""
    number, n = NUMBERS[row['metric']], int(row['n'])
    if not n:
        return '–' if row['state'] == 'done' else STATES[row['state']].words
    text = shown(row, number.cell)
    whole = n == int(row['planned'])
    return f'{text} ' + (f'(n = {n})'
                         if whole else f'({n} of {row["planned"]} seeds)')


def shown(row, show):
    middle, low, high = (
        float(row[key] or 'nan') for key in ('mean', 'low', 'high'))
    text = show(middle)
    if not math.isnan(low):
        text += f' ± {show((high - low) / 2).removeprefix("+")}'
    return text.replace('\u00a0', ' ')  # as the readers below see it


def place_of(row):
    return (number(row['imbalance_factor']), row['dataset'], row['model'],
            row['variant'], row['metric'])


def number(text):
    return float(text) if text else None


@pytest.mark.parametrize('summary', [
    SUMMARY,
    *(pytest.param(summarize(read_collection(str(path))), id=path.stem)
      for path in KEPT)
])
def test_markdown_csv_and_page_agree_cell_by_cell(summary):
    rows = csv_rows(summary)
    means = {
        (row['method'], row['cr'] == 'True', *place_of(row)): row
        for row in rows
        if row['kind'] == 'mean' and row['evaluation'] == 'main'
    }
    changes = {
        key: row
        for row in rows if row['kind'] == 'difference'
        for key in [(row['method'], number(row['imbalance_factor']),
                     row['dataset'], row['model'], row['variant'],
                     row['metric'])]
    }
    only = {
        key: str(summary.runs[key].iloc[0])
        for key in ('data', 'model', 'variant')
    }
    labels = {one.label: key for key, one in NUMBERS.items()}
    compared = set()
    for output, found in (('markdown',
                           markdown_rows(tables.markdown(summary))),
                          ('page', page_rows(page(summary, {})))):
        for title, cells in found:
            label = title.removesuffix(': what CR changed')
            if label not in labels or 'Outcome' not in cells:
                continue
            metric = labels[label]
            data = cells.get('Data', only['data'])
            place = [
                (number(row['imbalance_factor']), row['dataset'])
                for row in rows if row['kind'] == 'mean' and data_label(
                    row['dataset'], number(row['imbalance_factor'])) == data
            ][0]
            model = cells.get('Model', only['model'])
            variant = cells.get('Variant', only['variant'])
            method = cells['Method']
            cr = means.get((method, True, *place, model, variant, metric))
            plain = means.get((method, False, *place, model, '', metric))
            change = changes.get((method, *place, model, variant, metric))
            assert cells['Without CR'] == mean_of(plain), (output, title)
            assert cells['With CR'] == mean_of(cr), (output, title)
            if change is None or change['n'] == '0':
                assert cells['Difference'] == cells['Outcome'] == ''
                continue
            assert cells['Difference'] == shown(change,
                                                NUMBERS[metric].cell_change)
            assert cells['Pairs'] == change['n']
            assert cells['Outcome'] == change['outcome']
            for column, key in (('p', 'p'), ('p, Holm', 'p_holm')):
                value = float(change[key] or 'nan')
                assert cells[column] == tables.probability(value)
            assert cells['Up / down / equal'] == (
                f'{change["positive"]} / {change["negative"]} / '
                f'{change["zero"]}')
            compared.add((output, metric))
    assert {output for output, _ in compared} == {'markdown', 'page'}
    assert len(compared) > len(tables.TESTED)


def test_paper_is_the_same_in_markdown_csv_and_page():
    summary = summary_of(
        *(spec(
            dataset='CIFAR-100',
            imbalance_factor=None,
            model='ResNet-18',
            cr=cr,
            seed=seed) for cr in (False, True) for seed in range(3)),
        paper_table='Table 5, Table 6, Table 7')
    rows = [row for row in csv_rows(summary) if row['kind'].startswith('pap')]
    wanted = []
    for row in rows:
        one = NUMBERS[METRIC.get(row['metric'], row['split'])]
        show = one.cell if row['kind'] == 'paper' else one.cell_change
        wanted.append(
            (row['method'] + ' + CR' * (row['cr'] == 'True'), row['model'],
             one.label, shown(row, show), row['n'], row['verdict']))
    for found in (markdown_rows(tables.markdown(summary)),
                  page_rows(page(summary, {}))):
        found = [cells for _, cells in found if 'Verdict' in cells]
        assert [(cells['Method'], cells['Model'], cells['Number'],
                 cells['Ours'], cells['Seeds'], cells['Verdict'])
                for cells in found] == wanted
    gains = [
        row for row in wanted
        if row[2] == 'Variance of curvature' and row[4] == '3'
    ]
    assert gains and not any(row[3].startswith('0.00 ') for row in gains)


# The tables


def test_overview_has_methods_by_data_and_says_what_each_cell_stands_on():
    table = tables.overview_table(SUMMARY)
    assert table.title == 'Overall accuracy after the last epoch'
    assert list(table.frame) == [
        'Method', 'CIFAR-10-LT, imbalance 100', 'CIFAR-10-LT, imbalance 10'
    ]
    rows = named(table)
    assert list(rows) == [
        'CE', 'CE + CR', 'Focal', 'Focal + CR', 'BBN', 'BBN + CR'
    ]
    assert rows['CE'] == [
        '67.80 ± 2.54 (2 of 3 seeds)', '78.57 ± 2.35 (n = 3)'
    ]
    assert rows['BBN'] == ['no config'] * 2
    assert len(table.align) == table.frame.shape[1]


@pytest.mark.parametrize('states, text', [
    (('missing', ) * 3, 'not run'),
    (('running', 'missing', 'missing'), 'running'),
    (('partial', ) * 3, 'not finished'),
    (('failed', 'missing', 'running'), 'failed'),
    (('unreadable', 'other run', 'missing'), 'unreadable'),
    (('other run', 'missing', 'missing'), 'of another run'),
])
def test_a_cell_without_a_run_says_how_its_runs_stand(states, text):
    specs = [spec(seed=seed) for seed in range(3)]
    summary = summary_of(
        *specs,
        states={
            one.name: (state, 'why')
            for one, state in zip(specs, states)
        })
    assert named(tables.overview_table(summary))['CE'] == [text]
    row = next(row for row in csv_rows(summary) if row['kind'] == 'mean')
    assert STATES[row['state']].words == text
    assert f'<td class="number">{text}</td>' in page(summary, {})


def test_models_and_variants_are_named_where_they_differ():
    summary = summary_of(spec(), spec(model='VGG-16'),
                         spec(cr=True, variant='tau=10'))
    assert list(named(tables.overview_table(summary))) == [
        'CE, ResNet-32', 'CE, VGG-16', 'CE + CR, ResNet-32: tau=10'
    ]
    table = tables.number_table(summary, 'overall')
    assert list(table.frame)[:3] == ['Method', 'Model', 'Variant']


def test_details_have_a_table_for_each_data_set():
    found = tables.detail_tables(SUMMARY)
    assert [table.title for table in found] == [
        f'CIFAR-10-LT, imbalance {factor}, after the last epoch'
        for factor in (100, 10)
    ]
    rows = named(found[0])
    assert rows['CE'][3] == '–'  # no class is in the tail
    assert rows['CE + CR'][5].startswith('0.0162 ± ')


def test_best_epoch_has_tables_of_its_own_that_say_so():
    main, best = (
        tables.detail_tables(SUMMARY, which)[0] for which in ('main', 'best'))
    assert best.title == ('CIFAR-10-LT, imbalance 100, after the best epoch, '
                          'chosen on the test set by overall')
    assert 'Correlation' in main.frame and 'Correlation' not in best.frame
    assert best.frame.Overall[1] > main.frame.Overall[1]


def test_differences_stand_with_pairs_p_signs_and_outcome():
    table = tables.number_table(summarize(example_collection()), 'overall')
    assert rows_of(table)[0][4:] == [
        '+2.30 ± 0.25', '3', '0.0006', '0.0025', '3 / 0 / 0', 'clearly better'
    ]
    row = rows_of(
        tables.number_table(summary_of(spec(), spec(cr=True)), 'overall'))[0]
    assert '±' not in row[-6]
    assert row[-5:] == ['1', '–', '–', '1 / 0 / 0', 'no test']


def test_changed_baseline_is_a_row_without_a_difference():
    table = tables.number_table(
        summary_of(spec(), spec(cr=True), spec(variant='longer')), 'overall')
    last = dict(zip(table.frame, rows_of(table)[-1]))
    assert last['Variant'] == 'longer' and last['Difference'] == ''
    assert last['With CR'] == 'not planned'
    assert table.changes[-1] is None


def test_outcomes_are_counted_for_the_numbers_that_some_pair_has():
    table, = tables.glance_tables(summarize(example_collection()))
    assert 'Tail' not in list(table.frame.Number)
    assert rows_of(table)[0] == ['Overall', '4', '0', '0', '2']
    assert tables.glance_tables(summary_of(spec())) == []


def test_paper_has_numbers_and_gains_with_the_rule():
    summary = summarize(example_collection())
    numbers, gains = tables.paper_tables(summary)
    assert numbers.title == ('Table 1 of the paper: 8 not reproduced, 48 not '
                             'run')
    assert gains.title.startswith('Gains by CR in Table 1: ')
    assert 'at most 1.0 point of accuracy away' in numbers.note
    assert numbers.note == gains.note
    row, = [
        row for row in rows_of(numbers) if row[0] == 'Cross Entropy + CR'
        and row[1] == 'CIFAR-10-LT, imbalance 100'
    ]
    assert row[2:] == [
        'ResNet-32', 'Overall', '72.6', '69.57 ± 2.31', '3', 'not reproduced',
        '3.03 points below the paper'
    ]
    assert ['+2.3', '+2.30 ± 0.25'] in [row[4:6] for row in rows_of(gains)]
    assert tables.paper_tables(summary_of(spec(), paper_table=None)) == []


def test_doubtful_numbers_have_a_mark_and_its_reason():
    for table in tables.paper_tables(
            summary_of(spec(), paper_table='Table 2')):
        marked = [row for row in rows_of(table) if row[4].endswith(' †')]
        assert {row[0].removesuffix(' + CR') for row in marked} == {
            'RIDE (4*)'
        }  # yapf: disable
        assert all('† ' in row[-1] for row in marked)


def test_gains_of_small_numbers_are_not_rounded_to_zero():
    specs = [
        spec(
            dataset='CIFAR-100',
            imbalance_factor=None,
            model='ResNet-18',
            cr=cr,
            seed=seed) for cr in (False, True) for seed in range(3)
    ]
    collection = example_collection(specs, paper_table='Table 6')
    for run in collection['runs']:
        run['record']['geometry']['curvature_variance'] = (
            5e-5 if run['cr'] else 4e-4) + 1e-6 * run['seed']
    _, gains = tables.paper_tables(summarize(collection))
    ours = [row[5] for row in rows_of(gains) if row[6] == '3']
    assert set(ours) == {'−0.000350 ± 0'}


def test_runs_that_do_not_count_are_told_once_with_their_reason():
    table, = tables.open_tables(SUMMARY)
    assert list(table.frame.State) == [
        'failed', 'of another run', 'not run', 'no config'
    ]
    assert list(table.frame.Runs) == ['1', '1', '2', '12']
    assert table.frame.Reason[0] == 'exit code 1: boom, "x"'
    assert table.frame.Names[3].endswith(' and 9 more')
    assert tables.open_tables(summary_of(spec())) == []


def test_csv_has_every_number_once():
    found = tables.long_table(SUMMARY)
    cells = found[found.kind == 'mean']
    assert len(cells) == 12 * (len(METRICS) + len(ACCURACIES))
    assert (found.kind == 'difference').sum() == 6 * len(METRICS)
    assert (found.kind == 'paper').sum() == 56
    assert (found.kind == 'paper gain').sum() == 24
    again = pd.read_csv(io.StringIO(found.to_csv(index=False)))
    main = cells[cells.evaluation == 'main']
    assert list(again['mean'][main.index].dropna()) == list(
        main['mean'].dropna())  # unrounded
    assert again['seeds'][0] == '1 2' and again['n'][0] == 2


def test_csv_of_runs_without_pairs_and_paper_has_the_same_columns():
    found = tables.long_table(summary_of(spec(), paper_table=None))
    assert list(found) == list(tables.long_table(SUMMARY))
    assert set(found.kind) == {'mean'}


# As Markdown, LaTeX and in the terminal


def test_markdown_has_title_origin_warnings_and_tables():
    collection = example_collection(about='One line\nand on.\n\nAnother.')
    collection['runs'][0]['record']['code']['clean'] = False
    text = tables.markdown(summarize(collection), True)
    assert text.startswith('# A small matrix\n\nOne line and on.\n\nAnother.')
    assert 'Made by tools/benchmark.py collect small.yml, 2026-01-01' in text
    assert '- Warning: There were uncommitted changes' in text
    assert text.count(tables.note('paper')[:60]) == 1  # two tables share it
    assert 'chosen on the test set' in text and text.endswith('\n')


def test_names_are_no_markdown():
    name = '[a](b) | `c` *d* _e_ <f> # $g$\nh'
    text = tables.markdown(summary_of(spec(method=name), title=name))
    assert r'\[a\](b) \| \`c\` \*d\* \_e\_ \<f\> \# \$g\$ h' in text
    rows = [line for line in text.split('\n') if line.startswith('|')]
    assert all(re.fullmatch(r'\|.*\|', row) for row in rows)


def test_latex_has_one_environment_a_table_with_caption_and_rules():
    text = tables.latex(SUMMARY)
    begun = text.count(r'\begin{table}')
    assert begun == text.count(r'\end{table}') == len(
        tables.all_tables(SUMMARY))
    assert r'\caption{Overall accuracy after the last epoch}' in text
    assert text.count(r'\toprule') == text.count(r'\bottomrule') == begun
    for block in text.split(r'\midrule')[1:]:
        body = block.split(r'\bottomrule')[0].strip().split('\n')
        assert len({len(re.findall(r'(?<!\\)&', line)) for line in body}) == 1


@pytest.mark.parametrize('text, latex', [
    ('5 % & $x_1$ #', r'5 \% \& \$x\_1\$ \#'),
    (r'\input{a}', r'\textbackslash{}input\{a\}'),
    ('a ± b − c “d” "e" <f>', "a $\\pm$ b $-$ c ``d'' ``e'' $<$f$>$"),
    ('a^b ~ c|d', r'a\textasciicircum{}b \textasciitilde{} c\textbar{}d'),
])
def test_latex_prints_a_text_as_it_is(text, latex):
    assert tables.latex_text(text) == latex


def printed(summary):
    console = Console(width=160, file=io.StringIO())
    console.print(tables.terminal(summary))
    return console.file.getvalue()


def test_states_means_differences_verdicts_and_warnings_are_printed():
    specs = small_specs()
    collection = example_collection(specs,
                                    {specs[0].name: ('failed', '[bold]x')})
    collection['runs'][1]['record']['code']['clean'] = False
    text = printed(summarize(collection))
    assert 'Runs: 1 failed, 23 done, 12 no config' in text
    assert '67.80 ± 2.54 (2 of 3 seeds)' in text and '+2.43 ± 0.38' in text
    assert 'Table 1 of the paper: 7 not reproduced' in text
    assert 'Warning: There were uncommitted changes' in text


def test_names_are_no_markup_of_the_terminal():
    collection = example_collection(
        epochs=3, title='[red]a[/red] \x1b[31m', paper_table=None)
    assert '[red]a[/red] \ufffd[31m' in printed(summarize(collection))


def test_interval_has_no_sign_and_one_seed_no_interval():
    show = NUMBERS['overall'].cell_change
    assert tables.with_interval(-1., -3., 1., show) == '−1.00 ± 2.00'
    assert tables.with_interval(67.25, nan, nan,
                                NUMBERS['overall'].cell) == '67.25'
