# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit as files: the record, the class table, the page, the figures."""
import json
import os.path as osp

from mmcurv.atomic_write import write_csv, write_json
from .class_table import class_table


def write_audit(record: dict, out_dir: str, with_figures: bool = True) -> dict:
    """Write an audit; ``audit.json`` comes first, all else is drawn from it.

    Args:
        record (dict): From :func:`~mmcurv.analysis.audit.audit`.
        out_dir (str): Folder of ``audit.json``, ``classes.csv``,
            ``report.html`` and ``figures``; made if it is missing.
        with_figures (bool): Whether to draw page and figures. Defaults to
            True.

    Returns:
        dict: The record as ``audit.json`` holds it, None in place of nan.
    """
    path = osp.join(out_dir, 'audit.json')
    write_json(path, record)
    write_csv(osp.join(out_dir, 'classes.csv'), class_table(record))
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    if with_figures:
        # Drawing takes a second to import, which a bare audit can spare.
        from .audit_figures import write_figures
        from .report import write_report
        write_report(record, out_dir)
        write_figures(record, out_dir)
    return record
