# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.audit.report.style import wrapped_panels


@pytest.mark.parametrize('number, shape',
                         [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)),
                          (8, (3, 3))])
def test_panels_go_on_in_the_next_row(number, shape):
    figure, axes = wrapped_panels(number, 3, width=2., height=1.)
    assert axes.shape == shape
    assert [axis.get_visible()
            for axis in axes.flat] == [i < number for i in range(axes.size)]
    assert tuple(figure.get_size_inches()) == (2. * shape[1], shape[0])
