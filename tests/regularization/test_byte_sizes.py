# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.regularization.byte_sizes import bytes_text, parse_bytes


@pytest.mark.parametrize('written, size', [
    (7, 7),
    ('7 B', 7),
    ('12 GiB', 12 * 2**30),
    ('1.5GB', 1_500_000_000),
    (' 2 kB ', 2000),
    ('0.25 MiB', 2**18),
])
def test_numbers_and_units_are_read(written, size):
    assert parse_bytes(written) == size


@pytest.mark.parametrize(
    'written', ['12', '12 Gib', 'GiB', '-1 MB', '1e3 MB', 0, -4, 2.5, True])
def test_what_is_no_size_is_refused_with_the_units(written):
    with pytest.raises(ValueError, match='12 GiB.*MiB.*got'):
        parse_bytes(written)


@pytest.mark.parametrize('size, text', [(1023, '1023 B'), (1024, '1 KiB'),
                                        (1536, '1.5 KiB'),
                                        (1000 * 2**20, '1000 MiB'),
                                        (5 * 2**30, '5 GiB')])
def test_text_has_the_largest_binary_unit(size, text):
    assert bytes_text(size) == text


def test_text_is_read_as_about_the_same_size():
    for size in (77, 4321, 123_456_789, 5_268_000_000):
        assert parse_bytes(bytes_text(size)) == pytest.approx(size, rel=0.005)
