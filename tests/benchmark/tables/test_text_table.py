# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.tables.text_table import one_line


def test_a_text_becomes_one_line():
    assert one_line(' a\r\n\tb  c ') == 'a b c'


def test_a_space_that_keeps_words_together_stays():
    assert one_line('95\u00a0%') == '95\u00a0%'


def test_what_cannot_be_printed_is_replaced():
    assert one_line('a\x1b[31m\u202eb') == 'a\ufffd[31m\ufffdb'
