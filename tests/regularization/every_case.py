# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One test of a claim over a grid."""
import itertools


def every_case(**axes):
    """Make a claim with arguments one test, which names what fails it.

    Args:
        **axes (Sequence): Values of each argument; all combinations are
            tried, the failing ones told together.
    """

    def decorate(claim):

        def test():
            failed = []
            for values in itertools.product(*axes.values()):
                case = dict(zip(axes, values))
                try:
                    claim(**case)
                except Exception as error:
                    failed.append(f'{case}: {type(error).__name__}: {error}')
            assert not failed, '\n'.join(failed)

        test.__doc__ = claim.__doc__
        return test

    return decorate
