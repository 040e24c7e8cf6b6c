# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import torch

from mmcurv import dist as module


def test_one_process_has_its_rows_back():
    values = torch.randn(3, 2)
    rows = module.rows_of_processes(values)
    assert rows == [3]
    part, = module.gather_rows(values, rows)
    assert torch.equal(part, values)


def test_rows_of_processes_with_fewer_are_not_padded(monkeypatch):
    # Each of three processes sends what its own rows are padded to.
    sent = [torch.randn(n, 2) for n in (2, 0, 3)]
    padded = [
        torch.cat([rows, rows.new_zeros(3 - len(rows), 2)]) for rows in sent
    ]

    def all_gather(values):
        assert torch.equal(values, padded[0])
        return padded

    monkeypatch.setattr(module, 'all_gather', all_gather)
    parts = module.gather_rows(sent[0], [2, 0, 3])
    for part, rows in zip(parts, sent):
        assert torch.equal(part, rows)


def test_no_rows_anywhere_are_gathered(monkeypatch):
    monkeypatch.setattr(module, 'all_gather', lambda values: [values] * 2)
    parts = module.gather_rows(torch.zeros(0, 2), [0, 0])
    assert [part.shape for part in parts] == [(0, 2), (0, 2)]
