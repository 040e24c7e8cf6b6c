# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.cards.metafile import read_metafile
from mmcurv.engine.config_options import UsageError
from tests.benchmark.kept_runs import CIFAR10, IF100, METAFILE, entry


def test_entries_are_read_in_order():
    found = read_metafile(METAFILE, 'metafile.yml')
    assert found == [entry(IF100), entry(f'{IF100}_cr')]
    assert [one.cr for one in found] == [False, True]


def test_balanced_data_have_no_imbalance_factor():
    text = METAFILE.replace('      Imbalance Factor: 100\n', '')
    assert read_metafile(text, '')[0].imbalance_factor is None


@pytest.mark.parametrize('old, new, words', [
    ('    In Collection: Cross Entropy\n', '',
     r"entry 1 \('ce.*'\): In Collection: expected a text, found none"),
    ('      Architecture: ResNet-32\n', '', 'Metadata: Architecture: expecte'),
    ('      Training Data: CIFAR-10-LT\n', '      Training Data: [a]\n',
     r"entry 2 .*Training Data: expected a text, found \['a'\]"),
    ('Epochs: 200, ', '', 'Metadata: Protocol: Epochs: expected a whole'),
    ('Epochs: 200', 'Epochs: true', 'a whole number, found True'),
    ('Factor: 100', 'Factor: many', "expected a number, found 'many'"),
    ('last epoch', 'last', "unknown 'last': expected 'last epoch', 'bes"),
    (f'      Switches: --with {CIFAR10} --cr\n', '',
     "entry 2 .*Config: expected a path that ends in 'ce_resnet32_cifar10-lt"),
    (' --cr', ' --crr', "Switches: expected '--with FILE .* unrecognized"),
    (' --cr', ' --with', 'Switches: expected .* at least one argument'),
    (' --cr', ' --cr "', 'Switches: expected .* closing quotation'),
    ('Models:', 'Model:', 'expected a list Models'),
    ('Models:', 'Models: [', 'expected YAML'),
    ('    Results: null', '    Name: twice', "the key 'Name' stands here twi"),
])
def test_faulty_file_is_refused_with_the_place(old, new, words):
    text = METAFILE.replace(old, new)
    assert text != METAFILE
    with pytest.raises(UsageError, match=words) as error:
        read_metafile(text, 'configs/x/metafile.yml')
    assert str(error.value).startswith('configs/x/metafile.yml')


def test_config_that_stands_there_twice_is_refused():
    text = METAFILE.replace('if100_cr', 'if100')
    with pytest.raises(UsageError, match='more than once'):
        read_metafile(text, '')


def test_configs_of_one_table_share_the_main_number():
    text = METAFILE.replace('last epoch', 'best epoch', 1)
    with pytest.raises(UsageError, match='got best and last'):
        read_metafile(text, '')
