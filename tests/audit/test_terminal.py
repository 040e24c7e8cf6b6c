# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import io

import pytest
from rich.console import Console

from mmcurv.audit.compare import compare
from mmcurv.audit.report.terminal import audit_summary, comparison_summary
from .example_audit import bare_audit, example_audit, set_correct

NASTY = ['[bold red]x[/]', '\x1b[31mred\x1b[0m', '[link=http://evil]y'
         ] + [f'class {c}' for c in range(3, 12)]


def printed(renderable, width=160):
    buffer = io.StringIO()
    Console(file=buffer, width=width, force_terminal=False).print(renderable)
    return buffer.getvalue()


def lines_of(text):
    return [' '.join(line.split()) for line in text.splitlines()]


def test_summary_has_the_numbers_with_their_intervals():
    audit = example_audit(12)
    lines = lines_of(printed(audit_summary(audit)))
    mean = audit['summary']['class_mean']
    spread = mean['spread']
    wanted = (f'Class mean {100 * mean["value"]:.1f} % '
              f'{100 * mean["low"]:.1f} to {100 * mean["high"]:.1f} % '
              f'{100 * spread["q10"]:.1f} to {100 * spread["q90"]:.1f} %')
    assert any(line.startswith(wanted) for line in lines), wanted
    assert 'Warning: 1 class has too few images for the fit.' in lines


def test_worst_classes_are_listed_worst_first():
    audit = example_audit(12)
    lines = lines_of(printed(audit_summary(audit)))
    start = lines.index('The worst 10 of 12 classes')
    listed = [line for line in lines[start:] if line.startswith('class ')][:10]
    ordered = sorted(audit['classes'], key=lambda row: row['accuracy'])
    assert [' '.join(line.split()[:2])
            for line in listed] == [row['name'] for row in ordered[:10]]


def test_names_bring_neither_markup_nor_control_characters():
    text = printed(audit_summary(example_audit(12, names=NASTY)))
    assert '[bold red]x[/]' in text
    assert '\x1b' not in text


def test_narrow_terminal_keeps_every_number():
    audit = example_audit(12)
    lines = printed(audit_summary(audit), width=80).splitlines()
    assert max(map(len, lines)) <= 80
    worst = audit['summary']['worst_class']['value']
    assert f'{100 * worst:.1f}\u00a0%' in '\n'.join(lines)


@pytest.mark.parametrize('audit', [
    bare_audit(1),
    bare_audit(1, known=False),
    bare_audit(4, known=False),
    bare_audit(30)
])
def test_degenerate_audits_are_summarised(audit):
    text = printed(audit_summary(audit))
    assert 'nan' not in text and 'None' not in text


def test_comparison_shouts_before_it_says_anything_else():
    a, b = example_audit(12), example_audit(12, fingerprint='b' * 64)
    text = printed(comparison_summary(compare(a, b, permutations=50)))
    assert 'WARNING' in text.splitlines()[0]
    assert text.index('different images') < text.index('lass mean changed')


def test_comparison_lists_who_gained_and_who_paid():
    a = example_audit(12, names=NASTY)
    b = example_audit(12, names=NASTY)
    set_correct(a, [90])
    set_correct(b, [10])
    text = printed(comparison_summary(compare(a, b, permutations=50)))
    assert 'Paid: 1' in text and '−80.0' in text
    assert '[bold red]x[/]' in text and 'Gained' in text


def test_comparison_of_nothing_known_is_summarised():
    a = bare_audit(3, known=False)
    text = printed(comparison_summary(compare(a, a, permutations=50)))
    assert 'No class accuracy is known in both audits.' in text
    assert 'nan' not in text


def test_record_of_an_earlier_version_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match='Audit the features again'):
        audit_summary(dict(example_audit(10), schema_version=1))
