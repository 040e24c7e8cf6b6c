# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets.preparing import PREPARATIONS, Options, prepare


@pytest.mark.parametrize('name', PREPARATIONS)
def test_empty_root_says_what_is_missing_and_what_to_do(tmp_path, name):
    checks = prepare(name, Options(str(tmp_path / 'nothing')))
    assert checks
    for check in checks:
        assert check.state == 'missing' and check.remedy
        assert 'ROOT' not in check.remedy
    assert not (tmp_path / 'nothing').exists()


@pytest.mark.parametrize('name',
                         ['imagenet', 'imagenet-lt', 'inaturalist2018'])
def test_download_of_what_cannot_be_downloaded_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match='cannot be downloaded'):
        prepare(name, Options(str(tmp_path), download=True))
