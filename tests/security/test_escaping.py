# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Texts of records are shown as texts, in every form of output."""
import csv
import re
from pathlib import Path

import pytest

import mmcurv
from mmcurv.audit.records import write_audit
from mmcurv.benchmark.collect import summarize
from mmcurv.benchmark.page import page as benchmark_page
from mmcurv.benchmark.tables import latex, long_table, markdown
from tests.audit.example_audit import example_audit
from tests.audit.page_reader import Page
from tests.benchmark.synthetic_runs import example_collection, spec

PACKAGE = Path(mmcurv.__file__).parent
HTML = '<script>alert(1)</script><img src=x onerror=y>'
LINK = '"><a href="javascript:alert(1)">'
NASTY = f'{HTML}{LINK}\' `a|b`\n| c | \\input{{/etc/passwd}} 5 % & $x_1$ #'
SVG = ('g', 'svg', 'path', 'use', 'defs', 'text', 'clippath', 'rect', 'title')


def nasty(node, keep=()):
    """The same record with markup in each of its texts but some."""
    if isinstance(node, dict):
        return {
            key: value if key in keep else nasty(value, keep)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [nasty(value, keep) for value in node]
    return f'{node} {NASTY}' if isinstance(node, str) else node


@pytest.fixture(scope='module')
def collection():
    specs = [
        spec(method=method, cr=cr, seed=seed) for method in ('CE', 'Focal')
        for cr in (False, True) for seed in (0, 1, 2)
    ]
    states = {specs[0].name: ('failed', 'no memory')}
    plain = example_collection(specs, states)
    # What the program compares; a text in these is refused or unknown.
    keep = ('schema', 'state', 'main', 'selection_split', 'best_by',
            'paper_table', 'command')
    return dict(nasty(plain, keep), command=NASTY)


def test_page_of_a_benchmark_shows_texts_as_texts(collection):
    page = Page(benchmark_page(summarize(collection), {}))
    assert len(page.scripts) == 1
    assert 'img' not in {tag for tag, _ in page.tags}
    assert all(target.startswith('#') for target in page.targets)
    assert not any(
        name.startswith('on') for _, attributes in page.tags
        for name in attributes)
    assert HTML in page.text_in('table') and HTML in page.text_in('h1')
    assert LINK in page.text_in('pre')  # the command


def test_cells_of_a_markdown_table_stay_cells(collection):
    text = markdown(summarize(collection))
    assert not re.search(r'(?<!\\)[<>]', text)
    assert not re.search(r'(?<!\\)`', text)
    for block in text.strip().split('\n\n'):
        if block.startswith('|'):
            assert len({
                len(re.findall(r'(?<!\\)\|', line))
                for line in block.split('\n')
            }) == 1


def test_no_command_reaches_latex(collection):
    text = latex(summarize(collection))
    body = '\n'.join(
        line for line in text.split('\n') if not line.startswith('%'))
    assert '/etc/passwd' in body and r'\input' not in body
    assert not re.search(r'(?<!\\)[%#]', body)


def test_csv_keeps_a_formula_as_it_stands(tmp_path):
    names = ['=1+1', '+a', '-b', '@c', '=cmd|" /C calc"!A0', 'x,"y"', 'plain']
    audit = example_audit(len(names), names=names)
    write_audit(audit, str(tmp_path), with_figures=False)
    with open(tmp_path / 'classes.csv', newline='') as file:
        assert [row['name'] for row in csv.DictReader(file)] == names
    specs = [spec(method='=1+1', seed=seed) for seed in (0, 1)]
    summary = summarize(example_collection(specs))
    long_table(summary).to_csv(tmp_path / 'numbers.csv', index=False)
    with open(tmp_path / 'numbers.csv', newline='') as file:
        assert '=1+1' in {row['method'] for row in csv.DictReader(file)}


def test_templates_never_switch_escaping_off():
    templates = list(PACKAGE.glob('**/*.j2'))
    assert len(templates) > 5
    for path in templates:
        for tag in re.findall(r'{[{%].*?[}%]}', path.read_text(), re.DOTALL):
            assert not re.search(r'\|\s*safe|autoescape|Markup', tag), path


def test_only_reviewed_lines_call_a_text_markup():
    found = sorted(line.strip() for path in PACKAGE.glob('**/*.py')
                   for line in path.read_text().split('\n')
                   if 'Markup(' in line)
    assert found == [
        'return Markup(  # every text in it went through escape()',
        'script=Markup(script),', 'style=Markup(style),',
        'svg=Markup(svg),  # escaped by the XML writer'
    ]
