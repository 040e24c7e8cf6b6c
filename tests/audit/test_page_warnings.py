# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.audit.report.page import page_warnings


def record(message):
    rows = [{'class': c, 'name': name} for c, name in enumerate('xyz')]
    return dict(classes=rows, warnings=[dict(message=message, classes=[0, 2])])


def test_classes_are_listed_by_name():
    assert page_warnings(record('Few tests.'))[0]['classes'] == ['x', 'z']


def test_classes_that_the_message_names_are_not_listed_again():
    assert page_warnings(record('Few tests: x, z.'))[0]['classes'] == []
