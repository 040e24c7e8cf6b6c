# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.compat import TRUST_VARIABLE


@pytest.fixture(autouse=True)
def untrusted(monkeypatch):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)


@pytest.fixture
def marker(tmp_path):
    """A file that must not be there when the test is over."""
    path = tmp_path / 'marker'
    yield path
    assert not path.exists(), 'code of the file ran'
