# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../ce/ce_resnet50_inaturalist2018_paper.py',
    '../_base_/stages/disalign_22e.py',
]
