# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on iNaturalist 2018, recipe of the paper.
_base_ = ['../_base_/inaturalist2018.py', '../_base_/stages/disalign.py']
