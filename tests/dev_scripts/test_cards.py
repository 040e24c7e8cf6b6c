# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Cards of method folders: which runs stand for a config, and what they say.
"""
import numpy as np
import pytest
from scipy import stats

from mmcurv.arguments import UsageError
from mmcurv.benchmark.matrix import FACTOR
from tests.dev_scripts import dev_script
from tests.dev_scripts.kept_runs import (CONFIG, IF10, IF100, entry,
                                         kept_collection)

pytestmark = pytest.mark.slow
cards = dev_script('cards')
CR = f'{IF100}_cr'
BOTH = [entry(IF100), entry(CR)]
EXPECTED = """\
| data | imbalance | config | paper, plain | ours, plain | paper, CR | ours, CR | ours, CR − plain |
|---|---|---|---|---|---|---|---|
| CIFAR-10-LT | 100 | [`ce_resnet32_cifar10-lt-if100`](ce_resnet32_cifar100-lt-if100.py) `--with configs/_base_/datasets/cifar10_lt.py` | 70.3 | 71.00 ± 2.48 (n = 3) | 72.6 | 71.50 (n = 1) | +1.50 (n = 1) |
| CIFAR-10-LT | 10 | [`ce_resnet32_cifar10-lt-if10`](ce_resnet32_cifar100-lt-if100.py) `--with configs/_base_/datasets/cifar10_lt.py --cfg-options train_dataloader.dataset.imbalance_factor=10` | 86.3 | not run | 89.5 | not run | not run |

Top-1 accuracy in per cent on the test images, after the last epoch. The
paper’s numbers are those of its Table 1; it does not say of which epoch, nor
over how many seeds. CR: the same config with the switch `--cr`. Ours: mean ±
half of the 95\u00a0% interval over n seeds, with Student’s t. CR − plain: mean
difference of runs of the same seed, with its 95\u00a0% interval.

- `benchmarks/records/small.json`: 4 runs, seeds 0, 1 and 2, of mmcurv 0.1.0,
  commit aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa. Commands:
  `tools/benchmark.py run small.yml`, then `tools/benchmark.py collect
  small.yml`."""  # noqa: E501


def make_card(entries, collections=None):
    rows = cards.card_rows(entries, collections or {})
    return cards.card(rows, collections or {})


def cells(text, line=2):
    """Those of a row from the paper's plain number on."""
    return text.split('\n')[line].strip('| ').split(' | ')[3:]


def test_card_of_two_rows():
    collection = kept_collection({IF100: [70, 71, 72], CR: [71.5]})
    entries = [entry(IF100), entry(CR), entry(IF10), entry(f'{IF10}_cr')]
    assert make_card(entries,
                     {'benchmarks/records/small.json': collection}) == EXPECTED


def test_difference_has_its_interval():
    collection = kept_collection({IF100: [70, 71, 72], CR: [71, 73, 74]})
    text = make_card([entry(IF100), entry(CR)], {'a': collection})
    assert cells(text)[4] == '+1.67 (+0.23 to +3.10, n = 3)'
    collection = kept_collection({IF100: [70], CR: [69]})
    text = make_card([entry(IF100), entry(CR)], {'a': collection})
    assert cells(text)[4] == '−1.00 (n = 1)'


def test_runs_without_a_common_seed_have_no_difference():
    collection = kept_collection({IF100: [70, 71], CR: [72, 73]})
    del collection['runs'][3], collection['runs'][0]
    text = make_card([entry(IF100), entry(CR)], {'a': collection})
    assert cells(text) == [
        '70.3', '71.00 (n = 1)', '72.6', '72.00 (n = 1)', 'no common seed'
    ]


def test_doubtful_numbers_have_a_note_with_the_reason():
    ride = dict(method='RIDE (4*)', dataset='CIFAR-100-LT')
    names = [f'ride_resnet32_cifar100-lt-if{factor}' for factor in (50, 10)]
    text = make_card(
        [entry(f'{name}{cr}', **ride) for name in names for cr in ('', '_cr')])
    assert cells(text)[:3] == ['59.0 (note 1)', 'not run', '59.8 (note 1)']
    assert cells(text, 3)[:3] == ['58.4 (note 2)', 'not run', '59.5 (note 2)']
    assert ('- Note 1: the paper’s number is doubtful: higher than at '
            'imbalance 10, which is\n  the easier task.\n- Note 2: ') in text
    assert 'Note 3' not in text


def test_missing_targets_runs_and_configs_are_told():
    text = make_card([entry(IF100, method='Balanced Softmax')])
    assert cells(text) == [
        'not in the paper', 'not run', 'no config', 'no config', 'no config'
    ]
    assert 'No run of\nthese configs has been kept yet.' in text
    assert 'The paper’s numbers' not in text
    text = make_card([entry(CR)])
    assert cells(text) == [
        'no config', 'no config', '72.6', 'not run', 'no config'
    ]


def test_runs_of_an_earlier_state_of_the_config_have_a_note():
    collection = kept_collection({IF100: [70], CR: [71]})
    collection['runs'][1]['config_hash'] = 'e' * 64
    text = make_card([entry(IF100), entry(CR)], {'a': collection})
    assert cells(text)[1] == '70.00 (n = 1)'
    assert cells(text)[3] == '71.00 (n = 1) (note 1)'
    assert '- Note 1: trained with an earlier state of its config' in text


def test_runs_on_fewer_images_than_the_paper_has_have_a_note():
    collection = kept_collection({IF100: [70], CR: [71]})
    collection['runs'][0]['record']['split']['class_counts'][0] = 900
    collection['runs'][1]['record']['split'] = dict(
        collection['runs'][0]['record']['split'])
    text = make_card([entry(IF100), entry(CR)], {'a': collection})
    assert cells(text)[1] == '70.00 (n = 1) (note 1)'
    words = ' '.join(text.split())
    assert '- Note 1: not comparable with the paper: other data: ' in words
    assert 'images of the largest class instead of 5,000.' in words


def test_runs_of_another_length_than_the_paper_have_a_note():
    collection = kept_collection({IF100: [70]})
    collection['runs'][0]['record']['protocol']['epochs'] = 100
    text = make_card([entry(IF100, epochs=100)], {'a': collection})
    assert 'other epochs: 100 instead of 200.' in ' '.join(text.split())


def test_balanced_data_have_no_imbalance():
    text = make_card(
        [entry('vgg16_cifar100', dataset='CIFAR-100', model='VGG-16')])
    assert text.split('\n')[2].startswith('| CIFAR-100 | – | ')
    assert cells(text)[0] == '71.9'


def test_best_epoch_is_told_with_its_flaw():
    text = ' '.join(make_card([entry(main='best')]).split())
    assert 'chosen on the images that it is reported on' in text


def row(collections, entries=BOTH):
    one, = cards.card_rows(entries, collections)
    return one


def pair(**changes):
    return kept_collection({IF100: [70, 71, 72], CR: [71, 73, 74]}, **changes)


def test_mean_and_interval_are_those_of_scipy():
    found = row({'a': pair()}).plain.found
    low, high = stats.t.interval(0.95, 2, 71, stats.sem([70, 71, 72]))
    assert (found.mean, found.n) == (71, 3)
    assert [found.low, found.high] == pytest.approx([low, high])


def test_change_is_that_of_the_seeds():
    found = row({'a': pair()}).change
    low, high = stats.t.interval(0.95, 2, 5 / 3, stats.sem([1, 2, 2]))
    assert found.difference == pytest.approx(5 / 3)
    assert [found.low, found.high] == pytest.approx([low, high])


def test_change_is_over_common_seeds_only():
    collection = pair()
    collection['runs'][0].update(state='failed', record=None)
    found = row({'a': collection})
    assert (found.plain.found.n, found.cr.found.n, found.change.n) == (2, 3, 2)
    assert found.change.difference == 2


def test_one_run_has_no_interval():
    found = row({'a': kept_collection({CR: [73.5]})})
    assert found.plain.found is None and found.change is None
    assert (found.cr.found.mean, found.cr.found.n) == (73.5, 1)
    assert np.isnan(found.cr.found.low)


def test_names_of_the_matrices_do_not_matter():
    a = kept_collection({IF100: [70, 71]}, method='CE', variant='plain')
    b = kept_collection({CR: [72, 75]}, method='Cross Entropy', model='R32')
    assert row({'a': a, 'b': b}).change.difference == 3


@pytest.mark.parametrize('section, key, value, words', [
    ('split', 'fingerprint', 'f' * 64, 'fingerprint of the train split'),
    ('protocol', 'tail_below', 10, 'the protocol'),
    ('config', 'hash', 'e' * 64, 'hash of the config'),
])
def test_unlike_runs_are_an_error_that_names_them(section, key, value, words):
    collection = pair()
    collection['runs'][1]['record'][section][key] = value
    with pytest.raises(UsageError, match=words) as error:
        row({'benchmarks/records/a.json': collection})
    for run in collection['runs'][:2]:
        assert f'{run["name"]} (benchmarks/records/a.json)' in str(error.value)


@pytest.mark.parametrize('key, value', [('epochs', 20), ('main', 'best'),
                                        ('epochs', None)])
def test_runs_have_to_follow_the_protocol_of_the_metafile(key, value):
    collection = pair()
    for run in collection['runs']:
        run['record']['protocol'][key] = value
    with pytest.raises(UsageError) as error:
        row({'a': collection})
    text = str(error.value)
    assert (f'{IF100}: its Protocol in metafile.yml is Epochs 200, Main '
            'Number last epoch') in text
    assert collection['runs'][0]['name'] in text
    assert ('best epoch' if value == 'best' else str(value)) in text


SHORT = {'train_cfg.max_epochs': 20}


def files(collections):
    """Which file a pair of configs takes its runs from, and how many."""
    one, = cards.card_rows(BOTH, collections)
    return [(side.file, len(side.runs)) for side in one[:2]]


def test_each_config_stands_beside_its_twin_in_the_order_of_the_file():
    lone = f'{IF10}_cr'
    rows = cards.card_rows([entry(CR), entry(lone), entry(IF100)], {})
    assert [(one.plain.entry, one.cr.entry)
            for one in rows] == [(entry(IF100), entry(CR)),
                                 (None, entry(lone))]
    assert all(one.cr.runs == [] for one in rows)


def test_runs_of_the_config_count_however_it_is_written():
    found = cards.config_runs(entry(),
                              kept_collection({
                                  IF100: [70, 71],
                                  IF10: [1]
                              }))
    assert [run['seed'] for run in found] == [0, 1]
    # The option of the factor repeats what the data have.
    assert FACTOR in found[0]['options'] and not entry().options


def test_cr_of_a_file_and_of_the_switch_are_one():
    kept = kept_collection({CR: [70]})
    plain = entry(CR)._replace(cr_switch=False)
    file = plain._replace(config=CONFIG.replace('.py', '_cr.py'))
    assert len(cards.config_runs(file, kept)) == 1
    assert cards.config_runs(plain, kept) == []


@pytest.mark.parametrize('options, counts', [
    (SHORT, 0),
    ({
        'train_cfg.val_interval': 10
    }, 1),
    ({
        'default_hooks.geometry.interval': 5,
        'default_hooks.checkpoint.save_best': None
    }, 1),
    ({
        'train_cfg.val_interval': 10,
        **SHORT
    }, 0),
    ({
        'randomness.deterministic': True
    }, 0),
])
def test_runs_whose_options_change_the_recipe_do_not(options, counts):
    collection = kept_collection({IF100: [70]}, options=options)
    assert len(cards.config_runs(entry(), collection)) == counts


@pytest.mark.parametrize('state', ['failed', 'partial', 'missing'])
def test_runs_that_are_not_done_do_not(state):
    collection = kept_collection({IF100: [70, 71]})
    collection['runs'][0].update(state=state, record=None)
    assert [run['seed']
            for run in cards.config_runs(entry(), collection)] == [1]


def test_runs_without_a_config_do_not():
    collection = kept_collection({IF100: [70]})
    collection['runs'][0].update(state='no config', config=None, record=None)
    assert cards.config_runs(entry(), collection) == []


def test_a_seed_counts_once():
    collection = kept_collection({IF100: [70]})
    collection['runs'].append(dict(collection['runs'][0], variant='again'))
    assert len(cards.config_runs(entry(), collection)) == 1


def test_collection_with_both_configs_goes_before_one_with_more_runs():
    assert files({
        'a': kept_collection({IF100: [1] * 5}),
        'b': kept_collection({
            IF100: [2],
            CR: [3]
        }),
        'c': kept_collection({CR: [4] * 5}),
    }) == [('b', 1), ('b', 1)]


def test_most_runs_go_first_and_among_equals_the_newest():
    pair = {IF100: [1, 2], CR: [3]}
    assert files({
        'a':
        kept_collection(pair, created='2026-03-01'),
        'b':
        kept_collection(pair, created='2026-02-01'),
        'c':
        kept_collection({
            IF100: [1],
            CR: [3]
        }, created='2026-04-01'),
    }) == [('a', 2), ('a', 1)]


def test_what_one_collection_lacks_comes_from_another():
    assert files({
        'a': kept_collection({IF100: [1] * 3}),
        'b': kept_collection({CR: [3]}),
        'c': kept_collection({CR: [4] * 2}),
    }) == [('a', 3), ('c', 2)]


def test_without_records_there_are_no_runs():
    assert files({}) == [('', 0), ('', 0)]
    assert files({'a': kept_collection({IF10: [1]})}) == [('', 0), ('', 0)]
