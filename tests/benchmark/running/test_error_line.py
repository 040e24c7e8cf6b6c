# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.running.error_line import last_error_line

TRACEBACK = """2026/01/01 - mmengine - INFO - Epoch(train) [1][20/39]
Traceback (most recent call last):
  File "train.py", line 1, in <module>
    raise KeyError(1)
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "train.py", line 3, in <module>
torch.OutOfMemoryError: CUDA out of memory.
Tried to allocate 2 GiB
UserWarning: something else
"""


def line(tmp_path, text, start=0):
    path = tmp_path / 'console.log'
    path.write_text(text)
    return last_error_line(str(path), start)


def test_last_error_is_found_among_what_follows(tmp_path):
    assert line(tmp_path,
                TRACEBACK) == ('torch.OutOfMemoryError: CUDA out of memory.')


@pytest.mark.parametrize('text', [
    'AssertionError', 'train.py: error: config: expected a file',
    'Segmentation fault (core dumped)', 'KeyboardInterrupt',
    'OSError: [Errno 28] No space left on device'
])
def test_errors_of_python_argparse_and_shells_are_known(tmp_path, text):
    assert line(tmp_path, f'a\n{text}\nlater words\n') == text


def test_without_an_error_the_last_line_counts(tmp_path):
    assert line(tmp_path, 'one\ntwo\n\n') == 'two'
    assert line(tmp_path, '') == ''
    assert last_error_line(str(tmp_path / 'gone')) == ''


def test_earlier_attempts_do_not_count(tmp_path):
    first = 'ValueError: old\n'
    assert line(tmp_path, first + 'new\n', len(first)) == 'new'


def test_line_is_cut_and_has_no_colours_and_no_bar(tmp_path):
    text = '10 %\r20 %\r\x1b[31mValueError: ' + 400 * 'x' + '\x1b[0m\n'
    found = line(tmp_path, text)
    assert found.startswith('ValueError: xxx')
    assert len(found) == 300
