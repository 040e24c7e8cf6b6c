# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from rich.console import Console

from mmcurv.audit.report.class_sizes import class_sizes_chart


def printed(*args, **kwargs):
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        console.print(class_sizes_chart(*args, **kwargs))
    return capture.get().splitlines()


def bars(lines):
    return [line.count('█') for line in lines]


def test_bars_are_as_long_as_the_classes_are_large():
    lines = printed([100, 400, 200], ['a', 'b [x]', 'c'])
    assert lines[0].split()[:3] == ['b', '[x]', '400']
    longest, half, quarter = bars(lines)[:3]
    assert longest > 60
    assert half == pytest.approx(longest / 2, abs=1)
    assert quarter == pytest.approx(longest / 4, abs=1)


def test_logarithmic_bars_show_the_tail():
    assert bars(printed([9999, 9]))[1] == 0
    long, short = bars(printed([9999, 9], log=True))[:2]
    assert short == pytest.approx(long / 4, abs=1)


@pytest.mark.parametrize('classes', [1, 10, 100, 1000, 8142])
def test_chart_fits_a_screen_at_any_number_of_classes(classes):
    lines = printed([int(1000 / (c + 1)) for c in range(classes)])
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 80


def test_groups_are_counted_below():
    text = '\n'.join(printed([101, 100, 20, 19]))
    assert '1 classes  101 images' in text
    assert '2 classes  120 images' in text
    assert '1 classes   19 images' in text


def test_empty_classes_have_no_bar():
    assert bars(printed([0, 0]))[:2] == [0, 0]
