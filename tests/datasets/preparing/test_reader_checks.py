# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets.preparing import Options
from mmcurv.datasets.preparing.published_counts import even
from mmcurv.datasets.preparing.reader_checks import reader_checks


@pytest.mark.parametrize('error, state', [
    (FileNotFoundError('no list'), 'missing'),
    (PermissionError('not yours'), 'wrong'),
    (RuntimeError('no images'), 'wrong'),
    (ValueError('a label gap'), 'wrong'),
])
def test_split_that_cannot_be_read_says_why(error, state):

    def build():
        raise error

    check, = reader_checks('train', build, even(2, 2), Options(''), 'Do it.')
    assert (check.state, check.found) == (state, str(error))
    assert check.remedy == 'Do it.'


def test_fault_of_the_program_is_not_taken_for_one_of_the_data():

    def build():
        raise AttributeError('a bug')

    with pytest.raises(AttributeError):
        reader_checks('train', build, even(2, 2), Options(''))
