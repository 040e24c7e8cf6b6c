# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.cards.card import card
from mmcurv.benchmark.cards.card_numbers import card_numbers
from mmcurv.benchmark.cards.card_rows import card_rows
from mmcurv.benchmark.paper.paper_target import paper_target
from tests.benchmark.kept_runs import IF10, IF100, entry, kept_collection

CR = f'{IF100}_cr'
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
    rows = card_rows(entries, collections or {})
    targets = {
        one.name:
        paper_target(one.dataset, one.imbalance_factor, one.model, one.method,
                     one.cr)
        for one in entries
    }
    return card(rows, list(map(card_numbers, rows)), targets, collections
                or {})


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
