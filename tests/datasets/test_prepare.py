# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gzip
import hashlib
import json
import shutil

import mmpretrain.datasets
import pytest
import torchvision.datasets
from mmpretrain.datasets import CIFAR10
from rich.console import Console

from mmcurv.datasets import (ImageNetLT, INaturalist2018, LongTailed,
                             class_counts, split_fingerprint)
from mmcurv.datasets.prepare import (NAMES, PUBLISHED, Check, Published,
                                     count_check, group_sizes,
                                     imagenet_lt_counts, is_ready, prepare,
                                     reader_checks, show_checks)
from mmcurv.datasets.published import even
from tests.listed_formats import (imagenet_lt_pairs, inaturalist_json,
                                  inaturalist_pairs, write_imagenet_lt,
                                  write_inaturalist, write_lines, write_svhn)
from tests.real_formats import write_cifar, write_fashion_mnist


@pytest.fixture
def tiny_counts(monkeypatch):
    """Published numbers as small as the data that the tests write."""
    names = dict(classes=('a', 'b', 'c'))
    monkeypatch.setattr(ImageNetLT, 'METAINFO', names)
    monkeypatch.setattr(mmpretrain.datasets.ImageNet, 'METAINFO', names)
    monkeypatch.setattr(INaturalist2018, 'NUM_CLASSES', 3)
    monkeypatch.setattr('mmcurv.datasets.prepare.imagenet_lt_counts',
                        lambda: [4, 2, 1])
    tiny = {
        'imagenet-lt': (Published(7, 3, 4, 1, (0, 0, 3)), even(3,
                                                               2), even(3, 2)),
        'imagenet': (Published(13, 3), even(3, 2)),
        'inaturalist2018': (Published(6, 3, 3, 1), even(3, 1)),
        'cifar10': (even(10, 20), even(10, 2)),
        'cifar100': (even(100, 2), even(100, 2)),
        'svhn': (Published(20, 10), Published(10, 10)),
        'fashion-mnist': (even(10, 3), even(10, 3)),
    }
    for name, splits in tiny.items():
        monkeypatch.setitem(PUBLISHED, name,
                            dict(zip(PUBLISHED[name], splits)))


@pytest.fixture
def write_published_cifar(monkeypatch):
    """Write a tiny CIFAR and take its files for the published ones."""

    def write(root, classes, per_class):
        write_cifar(root, classes, per_class)
        reader = getattr(mmpretrain.datasets, f'CIFAR{classes}')
        for kind in ('train_list', 'test_list'):
            files = [[
                name,
                hashlib.md5((root / reader.base_folder /
                             name).read_bytes()).hexdigest()
            ] for name, _ in getattr(reader, kind)]
            monkeypatch.setattr(reader, kind, files)

    return write


def test_bundled_counts_are_those_of_imagenet_lt():
    counts = imagenet_lt_counts()
    assert sum(counts) == 115846 and len(counts) == 1000
    assert (max(counts), counts.index(1280)) == (1280, 86)
    assert (min(counts), counts.index(5), counts.count(5)) == (5, 58, 5)
    assert group_sizes(counts) == (385, 479, 136)
    assert counts[:10] == [50, 250, 516, 352, 143, 92, 47, 45, 150, 50]
    published = PUBLISHED['imagenet-lt']['train']
    assert count_check('train', counts, published).state == 'ok'


def test_groups_have_the_bounds_of_the_literature():
    assert group_sizes([101, 100, 20, 19]) == (1, 2, 1)


@pytest.mark.parametrize('name, split, images, classes', [
    ('inaturalist2018', 'train', 437513, 8142),
    ('inaturalist2018', 'val', 24426, 8142),
    ('imagenet-lt', 'val', 20000, 1000),
    ('imagenet-lt', 'test', 50000, 1000),
    ('cifar100', 'train', 50000, 100),
    ('fashion-mnist', 'test', 10000, 10),
])
def test_published_numbers(name, split, images, classes):
    published = PUBLISHED[name][split]
    assert (published.images, published.classes) == (images, classes)


def test_check_tells_what_is_there_and_what_was_published():
    check = count_check('train', [200, 30, 5],
                        Published(235, 3, 200, 5, (1, 1, 1)))
    assert check.state == 'ok' and check.name == 'train: counts'
    assert check.found == ('235 images in 3 classes of 5 to 200, '
                           'Head/Middle/Tail 1/1/1')
    check = count_check('train', [2000, 30, 5],
                        Published(235, 3, 200, 5, (0, 2, 1)))
    assert check.state == 'wrong'
    assert 'images 235, largest 200, groups 0/2/1' in check.remedy
    assert count_check('test', [2, 2],
                       even(2, 2)).found == ('4 images in 2 classes of 2 each')


def test_unknown_numbers_are_not_compared():
    assert count_check('train', [7, 3], Published(10, 2)).state == 'ok'


@pytest.mark.parametrize('error, state', [
    (FileNotFoundError('no list'), 'missing'),
    (PermissionError('not yours'), 'wrong'),
    (RuntimeError('no images'), 'wrong'),
    (ValueError('a label gap'), 'wrong'),
])
def test_split_that_cannot_be_read_says_why(error, state):

    def build():
        raise error

    check, = reader_checks('train', build, even(2, 2), 'Do it.')
    assert (check.state, check.found) == (state, str(error))
    assert check.remedy == 'Do it.'


def test_fault_of_the_program_is_not_taken_for_one_of_the_data():

    def build():
        raise AttributeError('a bug')

    with pytest.raises(AttributeError):
        reader_checks('train', build, even(2, 2))


def printed(checks):
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        console.print(show_checks('A set', '/data/a', checks))
    return capture.get()


def test_ready_set_says_so():
    text = printed([Check('list', 'ok', 'there')])
    assert 'A set in /data/a' in text and 'A set is ready.' in text
    assert 'What to do' not in text


def test_failed_checks_are_counted_and_one_remedy_is_shown_once():
    text = printed([
        Check('a.txt', 'missing', 'not [there]', 'Get it.'),
        Check('b.txt', 'wrong', 'x' * 200, 'Get it.'),
        Check('c.txt', 'note', 'known')
    ])
    assert 'A set is not ready: 2 of 3 checks failed.' in text
    assert text.count('Get it.') == 1 and 'a.txt, b.txt\n' in text
    assert 'not [there]' in text  # no markup of the terminal
    assert text.count('x') - text.count('txt') == 200
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize('name', NAMES)
def test_empty_root_says_what_is_missing_and_what_to_do(tmp_path, name):
    checks = prepare(name, str(tmp_path / 'nothing'))
    assert checks
    for check in checks:
        assert check.state == 'missing' and check.remedy
        assert 'ROOT' not in check.remedy
    assert not (tmp_path / 'nothing').exists()


@pytest.mark.parametrize('name',
                         ['imagenet', 'imagenet-lt', 'inaturalist2018'])
def test_download_of_what_cannot_be_downloaded_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match='cannot be downloaded'):
        prepare(name, str(tmp_path), download=True)


@pytest.fixture(params=[True, False])
def imagenet(request, tmp_path, tiny_counts):
    write_imagenet_lt(tmp_path, flat_disk=request.param)
    (tmp_path / 'meta').mkdir()
    pairs = imagenet_lt_pairs((2, 2, 2), 'test')
    (tmp_path / 'meta/val.txt').write_text(''.join(f'{name[4:]} {label}\n'
                                                   for name, label in pairs))
    return tmp_path


def flat(imagenet):
    return any(path.is_file() for path in (imagenet / 'val').iterdir())


def test_whole_imagenet_is_ready(imagenet):
    if not flat(imagenet):
        (imagenet / 'meta/val.txt').unlink()
    checks = prepare('imagenet', str(imagenet), decode=True)
    assert [check.state for check in checks] == ['ok'] * 8
    assert checks[3].found.startswith('13 images in 3 classes of 3 to 6')


def test_flat_images_need_their_labels(imagenet):
    (imagenet / 'meta/val.txt').unlink()
    checks = prepare('imagenet', str(imagenet))
    assert is_ready(checks) != flat(imagenet)
    if flat(imagenet):
        assert checks[-1].state == 'missing'
        assert f'a list {imagenet}/meta/val.txt of lines' in checks[-1].remedy


def test_list_of_another_layout_than_the_disk_is_told(imagenet):
    checks = prepare('imagenet', str(imagenet))
    assert is_ready(checks) == flat(imagenet)
    if not flat(imagenet):
        assert '6 of 6 images are missing' in checks[-1].found
        assert 'or remove it where they lie in folders' in checks[-1].remedy


def test_missing_folders_are_counted(imagenet):
    shutil.rmtree(imagenet / 'train' / 'n01443537')
    shutil.rmtree(imagenet / 'val')
    train, val = prepare('imagenet', str(imagenet))
    assert train.state == 'wrong'
    assert train.found.startswith('2 of 3 folders of classes')
    assert f'{imagenet}/train/<WordNet id>/*.JPEG' in train.remedy
    assert val.state == 'missing' and 'ILSVRC2012_img_val.tar' in val.remedy
    shutil.rmtree(imagenet / 'train')
    assert prepare('imagenet', str(imagenet))[0].state == 'missing'


@pytest.fixture
def lt_root(tmp_path, tiny_counts):
    write_imagenet_lt(tmp_path)
    return tmp_path


def lt_by_name(root, **options):
    checks = prepare('imagenet-lt', str(root), **options)
    return {check.name: check for check in checks}


def test_whole_set_is_ready(lt_root):
    checks = lt_by_name(lt_root, decode=True)
    assert is_ready(checks.values())
    assert {check.state for check in checks.values()} == {'ok'}
    assert checks['train: counts'].found == (
        '7 images in 3 classes of 1 to 4, Head/Middle/Tail 0/0/3')
    assert checks['train: each class'].found.startswith('all 3')
    assert checks['test: images'].found == 'all 6 can be decoded'
    assert checks['train and val'].found == 'no image in both'


@pytest.mark.parametrize('flat_disk', [True, False])
def test_test_list_is_built_from_what_tells_the_labels(tmp_path, tiny_counts,
                                                       flat_disk):
    write_imagenet_lt(tmp_path, flat_disk=flat_disk)
    list_file = tmp_path / 'ImageNet_LT_test.txt'
    published = list_file.read_text()
    list_file.unlink()
    if flat_disk:
        missing = lt_by_name(tmp_path)['ImageNet_LT_test.txt']
        assert missing.state == 'missing'
        assert 'is built as soon as' in missing.remedy
        write_lines(tmp_path / 'meta/val.txt',
                    [(name[4:], label)
                     for name, label in imagenet_lt_pairs((2, 2, 2), 'test')])
    checks = lt_by_name(tmp_path)
    assert checks['ImageNet_LT_test.txt'].state == 'built'
    assert checks['ImageNet_LT_test.txt'].found.startswith('6 lines')
    assert is_ready(checks.values())
    assert list_file.read_text() == published
    assert class_counts(ImageNetLT(str(tmp_path), 'test')) == [2, 2, 2]


def test_test_list_of_a_part_of_the_images_is_not_built(tmp_path, tiny_counts):
    write_imagenet_lt(tmp_path, flat_disk=False)
    list_file = tmp_path / 'ImageNet_LT_test.txt'
    published = list_file.read_text()
    list_file.unlink()
    image = tmp_path / 'val/n01440764/ILSVRC2012_val_00000001.JPEG'
    away = image.rename(tmp_path / 'away')
    check = lt_by_name(tmp_path)['ImageNet_LT_test.txt']
    assert check.state == 'wrong' and not list_file.exists()
    assert 'has 5 images with a label, not 6' in check.found
    assert 'ILSVRC2012_img_val.tar' in check.remedy
    away.rename(image)
    (image.parent / '.DS_Store').touch()
    assert lt_by_name(tmp_path)['ImageNet_LT_test.txt'].state == 'built'
    assert list_file.read_text() == published


def test_missing_list_says_where_to_get_it(lt_root):
    (lt_root / 'ImageNet_LT_train.txt').unlink()
    check = lt_by_name(lt_root)['ImageNet_LT_train.txt']
    assert check.state == 'missing' and str(lt_root) in check.found
    assert 'zhmiao/OpenLongTailRecognition' in check.remedy
    assert f'put it into {lt_root}.' in check.remedy


def test_missing_images_are_counted_and_named(lt_root):
    for i in range(3):
        (lt_root / f'train/n01440764/n01440764_{i}.JPEG').unlink()
    check = lt_by_name(lt_root)['train']
    assert check.state == 'missing'
    assert '3 of 7 images are missing' in check.found
    assert 'n01440764_1.JPEG' in check.found


def test_other_list_than_the_published_one_is_told(lt_root):
    write_lines(lt_root / 'ImageNet_LT_train.txt', imagenet_lt_pairs(
        (3, 2, 1)))
    checks = lt_by_name(lt_root)
    assert checks['train: counts'].state == 'wrong'
    assert 'images 7, largest 4' in checks['train: counts'].remedy
    assert checks['train: each class'].found.endswith(
        '1 of 3 classes differ from the published counts: '
        'class 0 has 3, not 4')


def test_overlap_is_a_note_with_the_count(lt_root):
    write_lines(lt_root / 'ImageNet_LT_val.txt', imagenet_lt_pairs((2, 2, 1)))
    check = lt_by_name(lt_root)['train and val']
    assert check.state == 'note'
    assert check.found.startswith('5 of 5 images of val are in train')


def test_corrupt_images_are_found_if_asked_for(lt_root):
    (lt_root / 'train/n01440764/n01440764_1.JPEG').write_bytes(b'x')
    assert is_ready(lt_by_name(lt_root).values())
    check = lt_by_name(lt_root, decode=True)['train: images']
    assert check.state == 'wrong'
    assert check.found.startswith('1 of 7 cannot be decoded')


def test_damaged_list_is_told_once(lt_root):
    (lt_root / 'ImageNet_LT_train.txt').write_text('no label\n')
    checks = lt_by_name(lt_root)
    assert checks['train'].state == 'wrong'
    assert 'line 1' in checks['train'].found
    assert 'train: each class' not in checks


@pytest.fixture
def root(tmp_path, tiny_counts):
    write_inaturalist(tmp_path)
    return tmp_path


def inat_by_name(root):
    checks = prepare('inaturalist2018', str(root))
    return {check.name: check for check in checks}


def test_lists_are_built_from_the_json(root):
    before = split_fingerprint(INaturalist2018(str(root)))
    checks = inat_by_name(root)
    assert is_ready(checks.values())
    assert checks['iNaturalist18_train.txt'].state == 'built'
    assert checks['iNaturalist18_train.txt'].found == (
        '6 lines, from train2018.json')
    text = (root / 'iNaturalist18_train.txt').read_text()
    assert text.splitlines()[5] == 'train_val2018/Aves/2/train0.jpg 2'
    assert split_fingerprint(INaturalist2018(str(root))) == before
    assert inat_by_name(root)['iNaturalist18_train.txt'].state == 'ok'


def test_missing_parts_say_where_to_get_them(tmp_path, tiny_counts):
    checks = inat_by_name(tmp_path)
    assert [check.state for check in checks.values()] == ['missing'] * 3
    assert 'train2018.json.tar.gz' in checks['iNaturalist18_train.txt'].remedy
    assert f'extract it in {tmp_path}' in checks['train_val2018/'].remedy


def test_json_of_another_year_builds_nothing(root):
    (root / 'train2018.json').write_text(
        json.dumps(inaturalist_json(inaturalist_pairs(), 2019)))
    check = inat_by_name(root)['iNaturalist18_train.txt']
    assert check.state == 'wrong' and 'says 2019' in check.found
    assert not (root / 'iNaturalist18_train.txt').exists()


def test_missing_images_of_inaturalist_are_counted(root):
    shutil.rmtree(root / 'train_val2018/Insecta')
    checks = inat_by_name(root)
    assert '3 of 6 images are missing' in checks['train'].found
    assert '1 of 3 images are missing' in checks['val'].found


def test_overlap_of_inaturalist_is_a_note(root):
    (root / 'val2018.json').write_text(
        json.dumps(inaturalist_json(inaturalist_pairs((1, 1, 1)))))
    check = inat_by_name(root)['train and val']
    assert check.state == 'note' and check.found.startswith('3 of 3 images')


def test_long_tails_of_cifar_are_written_as_long_tailed_cuts_them(
        tiny_counts, tmp_path, write_published_cifar):
    write_published_cifar(tmp_path, 10, 20)
    checks = prepare(
        'cifar10-lt', str(tmp_path), imbalance_factors=[10, 20], seed=3)
    assert [check.state for check in checks] == ['ok'] * 5 + ['built'] * 2
    full = CIFAR10(str(tmp_path), 'train', download=False)
    for factor in (10, 20):
        part = LongTailed(full, factor, seed=3)
        record = json.loads(
            (tmp_path / f'cifar10_lt_if{factor}_seed3.json').read_text())
        assert record['counts'] == part.counts
        assert record['positions'] == part.positions.tolist()
        assert record['fingerprint'] == part.fingerprint
        assert record['seed'] == 3 and record['imbalance_factor'] == factor


def test_factor_that_empties_a_class_is_told(tiny_counts, tmp_path,
                                             write_published_cifar):
    write_published_cifar(tmp_path, 100, 2)
    checks = prepare('cifar100-lt', str(tmp_path))
    assert checks[-1].state == 'wrong'
    assert 'leaves' in checks[-1].found and 'empty' in checks[-1].found
    assert not list(tmp_path.glob('*.json'))


def test_files_that_are_not_the_published_ones_are_not_read(
        tiny_counts, tmp_path, write_published_cifar):
    write_published_cifar(tmp_path, 10, 20)
    with open(tmp_path / 'cifar-10-batches-py/data_batch_2', 'ab') as file:
        file.write(b'x')
    checks = prepare('cifar10-lt', str(tmp_path))
    assert [check.state for check in checks] == ['ok', 'wrong', 'wrong']
    assert 'MD5' in checks[1].found


def test_svhn_is_counted(tiny_counts, tmp_path):
    write_svhn(tmp_path, labels=[*range(1, 11)] * 2)
    checks = prepare('svhn', str(tmp_path))
    assert [check.state for check in checks] == ['missing']
    assert checks[0].found.endswith('test_32x32.mat')
    assert 'http://ufldl.stanford.edu/housenumbers/' in checks[0].remedy
    write_svhn(tmp_path, 'test', range(1, 10))
    checks = prepare('svhn', str(tmp_path))
    assert [check.state for check in checks] == ['ok'] * 4 + ['wrong']
    assert 'images 10' in checks[-1].remedy


def test_fashion_mnist_may_be_extracted(tiny_counts, tmp_path):
    write_fashion_mnist(tmp_path / 'fashion', 3)
    checks = prepare('fashion-mnist', str(tmp_path / 'fashion'))
    assert is_ready(checks) and len(checks) == 5
    (tmp_path / 'fashion/t10k-labels-idx1-ubyte').unlink()
    checks = prepare('fashion-mnist', str(tmp_path / 'fashion'))
    assert checks[0].found.startswith('1 of 4 not in')


def test_fashion_mnist_cut_short_is_told(tiny_counts, tmp_path):
    write_fashion_mnist(tmp_path / 'fashion', 3)
    path = tmp_path / 'fashion/train-images-idx3-ubyte'
    data = gzip.compress(path.read_bytes())
    path.with_suffix('.gz').write_bytes(data[:-100])
    path.unlink()
    checks = prepare('fashion-mnist', str(tmp_path / 'fashion'))
    assert [check.state for check in checks] == ['ok', 'wrong', 'ok', 'ok']
    assert 'no whole gzip file' in checks[1].found


def test_remedy_for_fashion_mnist_names_the_package_that_has_it(
        tiny_counts, tmp_path):
    check, = prepare('fashion-mnist', str(tmp_path))
    assert 'dataset-fashion-mnist' in check.remedy


@pytest.fixture
def fetched(monkeypatch):
    """What is asked of torchvision, which fetches nothing here."""
    calls = []
    monkeypatch.setattr('mmcurv.datasets.prepare.download_url',
                        lambda url, root, name, md5: calls.append((url, md5)))
    for name in ('CIFAR10', 'CIFAR100', 'SVHN'):

        def fetch(*args, name=name, **options):
            calls.append((name, args, options))

        fetch.split_list = torchvision.datasets.SVHN.split_list
        monkeypatch.setattr(torchvision.datasets, name, fetch)
    return calls


@pytest.mark.parametrize('name, calls', [
    ('cifar10', [('CIFAR10', ('{}', ), dict(download=True))]),
    ('cifar100', [('CIFAR100', ('{}', ), dict(download=True))]),
    ('svhn', [('SVHN', ('{}', split), dict(download=True))
              for split in ('train', 'test')]),
])
def test_missing_files_are_fetched_by_torchvision(tmp_path, fetched, name,
                                                  calls):
    root = str(tmp_path)
    prepare(name, root)
    assert fetched == []
    assert prepare(name, root, download=True)[0].state == 'built'
    assert fetched == [(kind, (root, *rest), options)
                       for kind, (_, *rest), options in calls]


def test_four_files_of_fashion_mnist_are_fetched_with_their_sums(
        tmp_path, fetched):
    assert prepare('fashion-mnist', str(tmp_path), download=True)[0].good
    source = torchvision.datasets.FashionMNIST
    assert fetched == [(source.mirrors[0] + name, md5)
                       for name, md5 in source.resources]


@pytest.mark.parametrize('error', [OSError('no route'), RuntimeError('MD5')])
def test_failed_download_is_told(tmp_path, monkeypatch, error):

    def fail(*args, **options):
        raise error

    monkeypatch.setattr(torchvision.datasets, 'CIFAR10', fail)
    check, = prepare('cifar10', str(tmp_path), download=True)
    assert check.state == 'missing' and str(error) in check.found
    assert 'www.cs.toronto.edu' in check.remedy


def test_only_what_is_missing_or_wrong_is_an_obstacle():
    good = [Check('x', state, '') for state in ('ok', 'built', 'note')]
    assert is_ready(good) and is_ready([])
    for state in ('missing', 'wrong'):
        assert not is_ready([*good, Check('x', state, '')])
