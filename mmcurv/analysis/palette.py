# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Colours of the audit's figures.

Fixed values, so that the report can find them in a drawing and replace them
by those of the reader's light or dark theme.
"""
INK = '#1e232b'
MUTED = '#667080'
RULE = '#d8dce2'
ACCENT = '#2f6c9e'
ALERT = '#b4462a'

THEME = {
    INK: 'var(--ink)',
    MUTED: 'var(--muted)',
    RULE: 'var(--rule)',
    ACCENT: 'var(--accent)',
    ALERT: 'var(--alert)',
}
