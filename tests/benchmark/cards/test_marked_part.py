# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.cards.marked_part import BEGIN, END, replace_part
from mmcurv.engine.config_options import UsageError


def test_all_outside_of_the_marks_stays():
    text = f'# A\n\n{BEGIN}\nold\n\n{END}\n  the end\n'
    new = replace_part(text, 'x\ny\n', 'README.md')
    assert new == f'# A\n\n{BEGIN}\nx\ny\n\n{END}\n  the end\n'
    assert replace_part(new, 'x\ny\n', 'README.md') == new


@pytest.mark.parametrize('lines, words', [
    (['# A'], 'the first in line none and the second in line none'),
    ([BEGIN, 'table'], 'the first in line 1 and the second in line none'),
    ([END], 'the first in line none and the second in line 1'),
    ([END, BEGIN], 'the first in line 2 and the second in line 1'),
    ([BEGIN, BEGIN, END], 'the first in line 1, 2 and the second in line 3'),
    ([f'as {BEGIN} says', END], 'the first in line none'),
])
def test_missing_marks_are_named_with_what_to_add(lines, words):
    with pytest.raises(UsageError, match=words) as error:
        replace_part('\n'.join(lines), 'new', 'configs/x/README.md')
    text = str(error.value)
    assert text.startswith('configs/x/README.md: ')
    assert BEGIN in text and END in text and 'Add both where' in text
