# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Package mmcurv; nothing heavy is imported, so isolated builds work."""
import re
import shutil
import sys
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
MIM = ROOT / 'mmcurv' / '.mim'
MIM_ITEMS = ('configs', 'tools', 'benchmarks/matrices', 'model-index.yml')

REQUIRED = [
    'torch>=2.1',
    'torchvision',
    'mmengine>=0.10.7,<1.0',
    'mmpretrain>=1.2.0,<2',
    'numpy',
    'scipy>=1.15',  # permutation_test(rng=...)
    'tensorboard',
    'matplotlib',
    'rich',
    'jinja2',  # the audit's report
    'pyyaml',  # matrices of runs
    'pydantic>=2.5',  # what a matrix may hold
    'pandas>=2.2',  # tables of runs and of classes
    'safetensors',  # features of other programs
]
# mmcv and mmcv-lite install the same module `mmcv` and overwrite each other,
# so neither is required: whoever has mmcv keeps it, the others take `lite`.
EXTRAS = dict(
    lite=['mmcv-lite>=2.0.0,<2.4.0'],
    faiss=['faiss-cpu'],
    mmaction=['mmaction2==1.2.0', 'mmcv-lite==2.1.0'],
    slurm=['submitit'],
    dev=[
        'pytest', 'pytest-xdist', 'hypothesis', 'scikit-learn', 'setuptools',
        'flake8', 'isort', 'yapf', 'submitit'
    ],
)


def read_version():
    text = (ROOT / 'mmcurv' / 'version.py').read_text()
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE).group(1)


def mim_mode(argv):
    """How configs and tools get into the package for one setup command.

    An editable install of any age of pip links them, so that an edited config
    counts at once; a built distribution holds copies. Commands that only ask
    for metadata place nothing.

    Args:
        argv (list[str]): The command line of setup.py.

    Returns:
        str or None: 'link', 'copy' or None.
    """
    commands = set(argv[1:])
    if commands & {'develop', 'editable_wheel'}:
        return 'link'
    if commands & {'sdist', 'bdist_wheel', 'install'}:
        return 'copy'
    return None


def place_mim_items(mode):
    """Put configs, tools and model index where OpenMMLab's `mim` looks."""
    MIM.mkdir(exist_ok=True)
    for name in MIM_ITEMS:
        source, target = ROOT / name, MIM / name
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(exist_ok=True)
        if mode == 'link':
            up = ['..'] * (len(Path(name).parts) + 1)
            target.symlink_to(Path(*up, name))
        elif source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copyfile(source, target)


def main():
    mode = mim_mode(sys.argv)
    was_linked = (MIM / 'model-index.yml').is_symlink()
    if mode is not None:
        place_mim_items(mode)
    setup(
        name='mmcurv',
        version=read_version(),
        description='Curvature Regularization for long-tailed recognition, '
        'and the geometry of class manifolds',
        long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
        long_description_content_type='text/markdown',
        author='mmcurv contributors',
        license='Apache-2.0',
        keywords='long-tailed recognition, fairness, curvature, OpenMMLab',
        classifiers=[
            'Development Status :: 3 - Alpha',
            'Intended Audience :: Science/Research',
            'Operating System :: OS Independent',
            'Programming Language :: Python :: 3',
            'Topic :: Scientific/Engineering :: Artificial Intelligence',
        ],
        packages=find_packages(include=['mmcurv', 'mmcurv.*']),
        include_package_data=True,
        python_requires='>=3.10',
        install_requires=REQUIRED,
        extras_require=EXTRAS,
        entry_points=dict(console_scripts=['mmcurv = mmcurv.cli:main']),
        zip_safe=False)
    if mode == 'copy' and was_linked:
        place_mim_items('link')  # or the editable install would see old files


if __name__ == '__main__':
    main()
