# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The teacher learns from the labels alone. CR acts on the student.
stages = [
    dict(name='teacher', cr=False, changes={'model.alpha': 0.}),
    dict(name='student', cr=True, changes={'model.teacher': '{teacher}'}),
]
