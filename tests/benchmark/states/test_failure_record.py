# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.states.failure_record import (has_failure,
                                                    remove_failure,
                                                    signal_words,
                                                    write_failure)


def test_failure_is_there_until_it_is_removed(tmp_path):
    assert not has_failure(tmp_path)
    remove_failure(tmp_path)
    write_failure(tmp_path, 1, 'no luck', 'console.log')
    assert has_failure(tmp_path)
    remove_failure(tmp_path)
    assert not has_failure(tmp_path)


@pytest.mark.parametrize('code, words', [
    (-15, 'killed by SIGTERM'),
    (-11, 'killed by SIGSEGV'),
    (-9, 'killed by SIGKILL; often because the machine ran out of memory'),
    (-99, 'killed by signal 99'),
])
def test_signal_is_named(code, words):
    assert signal_words(code) == words
