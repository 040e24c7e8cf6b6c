# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import pytest

from mmcurv.audit.records import read_audit
from .example_audit import example_audit


def written(tmp_path, content):
    path = tmp_path / 'audit.json'
    if isinstance(content, dict):
        content = json.dumps(content).encode()
    path.write_bytes(content)
    return str(path)


def test_audit_is_read_as_it_was_written(tmp_path):
    audit = example_audit(6)
    assert read_audit(written(tmp_path, audit)) == audit


@pytest.mark.parametrize('content, message', [
    (b'', 'as JSON'),
    (b'\xff\xfe{}', 'as JSON'),
    (b'[]', "expected schema 'mmcurv.audit'"),
    (dict(schema='mmcurv.run'), "got 'mmcurv.run'"),
    (dict(schema='mmcurv.audit', schema_version=3), 'version 1 or 2 .*got 3'),
    (dict(schema='mmcurv.audit', schema_version=1,
          summary={}), 'expected provenance, classes, correlation in'),
])
def test_what_is_no_audit_is_refused_with_what_it_is(tmp_path, content,
                                                     message):
    with pytest.raises(ValueError, match=message) as error:
        read_audit(written(tmp_path, content))
    assert 'audit.json' in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.json' does not exist"):
        read_audit(str(tmp_path / 'gone.json'))
