# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Folders as trainings of the bundled data leave them, without training."""
import json
import os.path as osp

from mmcurv.benchmark.configs import spec_config, spec_hash
from mmcurv.engine.provenance import canonical_json, config_hash
from mmcurv.files import write_json, write_text
from tests.benchmark.synthetic_runs import run_record, spec

CONFIG = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
PROCESSOR = 'A processor'


def bundled_spec(root, seed=0, cr=False, **changes):
    """A run of the bundled data."""
    fields = dict(seed=seed, cr=cr, config=CONFIG, cr_switch=cr)
    return spec(root, **dict(fields, **changes))


def leave_begun(run, **changes):
    """The record of a training that has begun; changes of its config."""
    cfg = dict(spec_config(run).to_dict(), **changes)
    write_json(
        osp.join(run.folder, 'run.json'),
        dict(
            schema='mmcurv.run',
            schema_version=1,
            state='running',
            seed=run.seed,
            config=dict(
                path=run.config,
                hash=config_hash(cfg),
                entries=json.loads(canonical_json(cfg)))))


def leave_checkpoint(run, epoch=3, **changes):
    """A checkpoint of a training that has begun; changes of its config."""
    write_text(osp.join(run.folder, f'epoch_{epoch}.pth'), 'not read')
    leave_begun(run, **changes)


def leave_record(run, epochs=20, **cost):
    """A record of just this run."""
    record = run_record(run, epochs=epochs)
    record['config'].update(path=run.config, hash=spec_hash(run))
    record['machine']['processor'] = PROCESSOR
    record['cost'].update(cost)
    write_json(osp.join(run.folder, 'run.json'), record)
    return record
