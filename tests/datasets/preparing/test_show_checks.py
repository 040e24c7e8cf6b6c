# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from rich.console import Console

from mmcurv.datasets.preparing import Check
from mmcurv.datasets.preparing.show_checks import show_checks


def printed(checks):
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        console.print(show_checks('A set', '/data/a', checks))
    return capture.get()


def test_ready_set_says_so():
    text = printed([Check('list', 'ok', 'there')])
    assert 'A set in /data/a' in text and 'A set is ready.' in text
    assert 'What to do' not in text


def test_failed_checks_are_counted_and_one_remedy_is_shown_once():
    text = printed([
        Check('a.txt', 'missing', 'not [there]', 'Get it.'),
        Check('b.txt', 'wrong', 'x' * 200, 'Get it.'),
        Check('c.txt', 'note', 'known')
    ])
    assert 'A set is not ready: 2 of 3 checks failed.' in text
    assert text.count('Get it.') == 1 and 'a.txt, b.txt\n' in text
    assert 'not [there]' in text  # no markup of the terminal
    assert text.count('x') - text.count('txt') == 200
    assert max(map(len, text.splitlines())) <= 80
