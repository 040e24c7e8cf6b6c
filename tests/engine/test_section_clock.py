# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import time

import pytest
import torch

from mmcurv.engine.section_clock import SectionClock

CPU = torch.device('cpu')


class Slow(torch.autograd.Function):
    """Identity whose backward pass takes a twentieth of a second."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        time.sleep(0.05)
        return gradient


def test_sections_add_up():
    clock = SectionClock()
    clock.add(1., 3.)
    clock.add(10., 10.5)
    assert clock.seconds() == 2.5
    assert clock.seconds() == 2.5  # asking changes nothing


def test_backward_pass_of_the_branch_alone_is_timed():
    clock = SectionClock()
    x = torch.ones(3, requires_grad=True)
    other = Slow.apply(x).sum()
    own = x.view_as(x)
    term = clock.add_backward(Slow.apply(own).sum(), own)
    (other + term).backward()
    assert clock.seconds() == pytest.approx(0.05, abs=0.03)
    assert torch.equal(x.grad, torch.full((3, ), 2.))


def test_backward_pass_of_two_branches_is_timed_to_the_end_of_both():
    clock = SectionClock()
    x = torch.ones(3, requires_grad=True)
    own = [x.view_as(x) for _ in range(2)]
    term = sum(Slow.apply(each).sum() for each in own)
    clock.add_backward(term, *own)
    term.backward()
    assert clock.seconds() == pytest.approx(0.1, abs=0.03)


def test_branch_without_gradient_takes_no_time():
    clock = SectionClock()
    x = torch.ones(3)
    term = clock.add_backward(x.sum(), x)
    assert not term.requires_grad
    assert clock.seconds() == 0


def test_moments_are_in_order():
    clock = SectionClock()
    clock.add(clock.now(CPU), clock.now(CPU))
    assert 0 <= clock.seconds() < 0.1
