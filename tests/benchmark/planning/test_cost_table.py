# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from rich.console import Console

from mmcurv.benchmark.planning.cost_estimate import CostEstimate
from mmcurv.benchmark.planning.cost_table import (bytes_text, cost_table,
                                                  share_text)
from mmcurv.benchmark.planning.model_size import ModelSize
from mmcurv.benchmark.planning.pool_memory import PoolMemory
from mmcurv.benchmark.planning.train_set import TrainSet

MODEL = ModelSize(4230500000, 10**8, 2048, 25028904)
COUNTED = TrainSet(12, 2, 10, 2, [10, 2])
TOTAL = TrainSet(437513, 8142, 1000, 2, None)
PLAIN = CostEstimate(MODEL, COUNTED, False, None, None, 0.)
WITH_CR = CostEstimate(MODEL, TOTAL, True, PoolMemory(1799500000, 5250158, 7),
                       None, 0.00041)


def printed(*costs):
    console = Console(width=160)
    with console.capture() as capture:
        console.print(cost_table([(f'x/{i}.py', c) for i, c in
                                  enumerate(costs)]))  # yapf: disable
    return capture.get()


def test_config_without_cr_says_so():
    line, = [row for row in printed(PLAIN).splitlines() if 'no CR' in row]
    assert line.split() == [
        '0', '25,028,904', '4,230', 'M', '12', '2', 'no', 'CR'
    ]


def test_numbers_from_a_published_total_are_marked():
    text = printed(WITH_CR)
    line, = [row for row in text.splitlines() if '1.80 GB' in row]
    assert '437,513*' in line and '≥\u00a00.041\u00a0%' in line
    assert '* From the published total' in text
    assert 'published total' not in printed(PLAIN)


def test_what_is_not_known_is_a_dash():
    cost = CostEstimate(None, None, True, None, None, None)
    text = printed(cost)
    line, = [row for row in text.splitlines() if row.strip().startswith('0 ')]
    assert line.split() == ['0'] + 8 * ['–']
    assert '--read-data counts them' in text
    assert 'of the model: ' in text and 'of the model: ' not in printed(PLAIN)


@pytest.mark.parametrize('size, text', [(None, '–'), (0, '0 B'),
                                        (999, '999 B'), (1500, '1.50 kB'),
                                        (476000000, '476 MB'),
                                        (10**13, '10,000 GB')])
def test_bytes_have_a_unit(size, text):
    assert bytes_text(size) == text


@pytest.mark.parametrize('share, text', [(None, '–'), (0., '0\u00a0%'),
                                         (0.25, '25\u00a0%'),
                                         (0.000374, '0.037\u00a0%')])
def test_small_shares_are_not_rounded_to_nothing(share, text):
    assert share_text(share) == text
