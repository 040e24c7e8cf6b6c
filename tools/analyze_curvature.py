# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Audit a classifier: which classes it fails, and whether geometry shows it.

Three inputs: FILE of labels and predictions, scores or features of any
program; CONFIG CHECKPOINT of an mmpretrain model; or --work-dir of a run, for
all its checkpoints. Writes audit.json, classes.csv and report.html.
Interrupted, the same command goes on where it was. Exits with 1 if a
--fail-if holds or its number is not known, with 2 if the audit cannot be made
of this input, with 3 after a crash.
"""
import argparse
import os.path as osp
import sys
import traceback

CRASHED = 3
INTERRUPTED = 130  # as shells report it
SPLITS = ('train', 'test')
# In place of CONFIG CHECKPOINT or a work folder these say nothing.
FILES = ('labels', 'predictions', 'scores', 'class_names')
OF_CHECKPOINTS = ('layers', 'pooling', 'accuracy_split', 'device',
                  'cfg_options')


def make_parser(prog=None):
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_argument_group('input, one of three')
    source.add_argument(
        'config',
        nargs='?',
        metavar='FILE|CONFIG',
        help='a file as of --features, or the path of a config')
    source.add_argument(
        'checkpoint',
        nargs='?',
        metavar='CHECKPOINT',
        help='checkpoint of the config')
    source.add_argument(
        '--features',
        metavar='FILE',
        help='.csv, .parquet, .npz, .safetensors, .pt or .npy with labels, '
        'and predictions, scores (logits or probabilities), features, '
        'confidence, class_accuracy, train_counts, class_names, paths or '
        'sample_ids, as far as they are known; or the folder of a feature '
        'bank')
    source.add_argument(
        '--work-dir', metavar='RUN', help='folder of a training run')
    arrays = parser.add_argument_group('with --features')
    arrays.add_argument(
        '--accuracy',
        metavar='FILE',
        help='another such file whose predictions or class_accuracy count; '
        'default: those of --features')
    arrays.add_argument(
        '--keys',
        nargs='+',
        default=[],
        metavar='KEY=NAME',
        help='what the file calls an array, e.g. features=embeddings')
    for name, what in (('labels', 'true classes'), ('predictions',
                                                    'predicted classes'),
                       ('scores', 'logits or probabilities, (N, C)'),
                       ('class-names', 'names, one a line or as JSON')):
        arrays.add_argument(
            f'--{name}', metavar='FILE', help=f'{what}, in a file of its own')
    models = parser.add_argument_group('with a checkpoint')
    models.add_argument(
        '--layers',
        nargs='+',
        metavar='LAYER',
        help="each 'last' (the input of the last classifier layer, the "
        "default), a fraction of the backbone's depth such as 1/3, or the "
        'name of a module; the record is about the last one, or about the '
        'last of the list without it')
    models.add_argument(
        '--pooling',
        help='how a map becomes one row: avg (the default), max, flatten or '
        'cls')
    models.add_argument(
        '--accuracy-split',
        choices=SPLITS,
        help='split of the accuracy; default: test')
    models.add_argument('--device', help='such as cpu or cuda:0')
    models.add_argument(
        '--cfg-options',
        nargs='+',
        metavar='KEY=VALUE',
        help='change entries of the config')
    parser.add_argument(
        '--split',
        choices=SPLITS,
        help='split of the geometry; default: train. With --features it '
        'only says which split the file holds')
    parser.add_argument(
        '--out-dir',
        default='audit',
        help='folder of the results; default: audit')
    parser.add_argument(
        '--record-only',
        action='store_true',
        help='write audit.json and classes.csv, and draw nothing')
    parser.add_argument(
        '--diagnose',
        action='store_true',
        help='also measure the curvature over k, m, normals, fits and '
        'reductions; takes minutes')
    parser.add_argument(
        '--fail-if',
        action='append',
        default=[],
        metavar='GATE',
        help="exit with 1 if this holds, e.g. 'worst_class<0.2' or "
        "'correlation.curvature.pearson<-0.5'; can be given several times")
    parser.add_argument(
        '--drop-nan',
        action='store_true',
        help='leave samples out whose features hold NaN or infinity')
    parser.add_argument(
        '--max-memory',
        default='2G',
        metavar='SIZE',
        help='bound on what is held beside the interpreter, e.g. 500M; '
        'default: 2G')
    add_geometry(parser.add_argument_group('geometry, see docs/audit.md'))
    return parser


def add_geometry(group):
    """Options of the curvature, with the defaults of the package."""
    from mmcurv.audit.options import (FITS, NORMALS, REDUCTIONS, SCALINGS,
                                      AuditOptions)
    default = AuditOptions()
    group.add_argument('--k', type=int, default=default.k)
    group.add_argument('--tangent-dim', type=int, default=default.tangent_dim)
    group.add_argument('--normal', choices=NORMALS, default=default.normal)
    group.add_argument('--fit', choices=FITS, default=default.fit)
    group.add_argument('--ridge', type=float, default=default.ridge)
    group.add_argument(
        '--reduction', choices=REDUCTIONS, default=default.reduction)
    group.add_argument('--scaling', choices=SCALINGS, default=default.scaling)
    group.add_argument(
        '--class-size',
        default=default.class_size,
        metavar='N',
        help='points of a class that are measured: equal draws one number '
        'of each class where sizes differ, all takes all, or a number; '
        f'default: {default.class_size}')
    group.add_argument(
        '--center-separation',
        action='store_true',
        help='take the separation degree about the means of the classes')
    group.add_argument('--head-above', type=int, default=default.head_above)
    group.add_argument('--tail-below', type=int, default=default.tail_below)
    group.add_argument('--seed', type=int, default=default.seed)


def size_in_bytes(text):
    """Of --max-memory, '2G' or '500MB'."""
    from mmcurv.files import parse_bytes
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise ValueError(f'--max-memory: {error}') from None


def geometry_options(args):
    from mmcurv.audit.options import AuditOptions
    names = ('k', 'tangent_dim', 'normal', 'fit', 'ridge', 'reduction',
             'scaling', 'center_separation', 'drop_nan', 'head_above',
             'tail_below', 'seed')
    size = args.class_size
    return AuditOptions(
        max_memory=size_in_bytes(args.max_memory),
        class_size=int(size) if size.isdigit() else size,
        **{name: getattr(args, name)
           for name in names})


def check_input(args):
    """One of the three inputs, and only the options that it knows."""
    if args.config is not None and args.checkpoint is None and (
            not args.config.endswith('.py')):
        args.config, args.features = None, args.features or args.config
    given = [args.features, args.work_dir, args.config]
    if sum(value is not None for value in given) != 1:
        raise ValueError('expected one input, FILE, CONFIG CHECKPOINT or '
                         '--work-dir RUN, got '
                         f'{sum(value is not None for value in given)}.')
    if args.config is not None and args.checkpoint is None:
        raise ValueError('expected CONFIG CHECKPOINT, got no checkpoint.')
    if args.features is None:
        unused = [
            name for name in ('accuracy', 'keys', *FILES)
            if getattr(args, name)
        ]
    else:
        unused = [
            name for name in OF_CHECKPOINTS if getattr(args, name) is not None
        ]
    if unused:
        words = ', '.join('--' + name.replace('_', '-') for name in unused)
        raise ValueError(f'{words} says nothing with this input. Leave it '
                         'out.')


def read_keys(pairs):
    """['features=x'] as dict(features='x')."""
    odd = [pair for pair in pairs if '=' not in pair]
    if odd:
        raise ValueError(f'--keys: expected KEY=NAME, got {odd[0]!r}.')
    return dict(pair.split('=', 1) for pair in pairs)


def audit_features(args, options, watch):
    """Audit a file of features; no OpenMMLab is needed."""
    from mmcurv.audit.feature_files import read_features
    keys = read_keys(args.keys)
    files = {
        name: getattr(args, name)
        for name in FILES if getattr(args, name)
    }
    bank = read_features(args.features, args.drop_nan, keys, files)
    if args.split is not None:
        bank.metadata.setdefault('split', args.split)
    tests = bank
    if args.accuracy is not None:
        names = {key: files[key] for key in files if key == 'class_names'}
        tests = read_features(
            args.accuracy, True, keys, names, with_features=False)
    from mmcurv.audit.audit_record import audit_banks
    return audit_banks(bank, tests, options, watch, cache_path(args.out_dir),
                       args.diagnose)


def audit_checkpoint(args, config, checkpoint, out_dir, options, say, watch):
    """Extract the features of a checkpoint, then audit them."""
    from mmcurv.arguments import check_file
    check_file(config, 'config')
    check_file(checkpoint, 'checkpoint')
    from mmcurv.audit.audit_record import audit_layers
    from mmcurv.audit.feature_bank import load_bank
    from mmcurv.engine.extraction.extract import extract_banks
    layers = args.layers or ['last']
    geometry, accuracy = args.split or 'train', args.accuracy_split or 'test'
    folders = extract_banks(
        config,
        checkpoint,
        layers=layers,
        splits=tuple(dict.fromkeys((geometry, accuracy))),
        pooling=args.pooling or 'avg',
        out_dir=osp.join(out_dir, 'features'),
        cfg_options=read_cfg_options(args.cfg_options),
        device=args.device,
        say=say,
        watch=watch)
    found = list(dict.fromkeys(layer for layer, _ in folders))
    main = found[-1]
    if 'last' in layers and len(found) == len(layers):
        main = found[layers.index('last')]
    banks = {layer: load_bank(folders[layer, geometry]) for layer in found}
    return audit_layers(banks, main, load_bank(folders[main, accuracy]),
                        options, watch, cache_path(out_dir), args.diagnose)


def read_cfg_options(pairs):
    """As the other tools read them; needs mmengine."""
    from mmcurv.arguments import KeyValueAction
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=KeyValueAction)
    words = ['--cfg-options', *pairs] if pairs else []
    return parser.parse_args(words).cfg_options or {}


def audit_run(args, options, say, watch):
    """Audit every checkpoint of a run; gives the last one's record."""
    from mmcurv.arguments import check_folder
    check_folder(args.work_dir, '--work-dir', 'a run')
    from mmcurv.audit.audit_record import audits_of_run
    from mmcurv.audit.records import write_audit
    from mmcurv.engine.checkpoints import run_checkpoints, run_config
    from mmcurv.files import write_json
    config = run_config(args.work_dir)
    checkpoints, older = of_last_run(run_checkpoints(args.work_dir))
    if older:
        say(f'Left out, as an earlier run saved them: {", ".join(older)}')
    audits = []
    for checkpoint in checkpoints:
        say(f'{checkpoint.tag} of {len(checkpoints)} checkpoints')
        folder = osp.join(args.out_dir, checkpoint.tag)
        record = audit_checkpoint(args, config, checkpoint.path, folder,
                                  options, say, watch)
        record = write_audit(record, folder, not args.record_only)
        audits.append((checkpoint.tag, checkpoint.number,
                       f'{checkpoint.tag}/audit.json', record))
        write_json(
            osp.join(args.out_dir, 'audits.json'),
            audits_of_run(audits, checkpoint.kind))
    return record


def of_last_run(checkpoints):
    """The checkpoints of the run that saved last, and the tags of others.

    A run that is begun anew in a folder replaces the checkpoints of the one
    before it, epoch by epoch; what is left of that has higher numbers and was
    saved before.
    """
    from mmcurv.engine.checkpoints import read_checkpoint
    saved = [
        read_checkpoint(checkpoint.path).saved for checkpoint in checkpoints
    ]
    last = max(range(len(saved)), key=lambda place: (saved[place], place))
    return (checkpoints[:last + 1],
            [checkpoint.tag for checkpoint in checkpoints[last + 1:]])


def cache_path(out_dir):
    return osp.join(out_dir, 'cache', 'geometry')


def run(args, console):
    """Make the audit; gives the record as written."""
    from rich.text import Text

    from mmcurv.audit.records import write_audit
    from mmcurv.audit.result_cache import progress_bar

    def say(text):
        console.print(Text(text), soft_wrap=True)

    options = geometry_options(args)
    check_input(args)
    with progress_bar(console) as watch:
        if args.work_dir is not None:
            return audit_run(args, options, say, watch)
        if args.features is not None:
            record = audit_features(args, options, watch)
        else:
            record = audit_checkpoint(args, args.config, args.checkpoint,
                                      args.out_dir, options, say, watch)
        return write_audit(record, args.out_dir, not args.record_only)


def main(argv=None, prog=None):
    args = make_parser(prog).parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # names may not fit the terminal
            stream.reconfigure(errors='replace')
    from rich.console import Console
    from rich.text import Text

    from mmcurv.audit.gates import audit_names, failed, parse_gates
    console, errors = Console(), Console(stderr=True)

    def complain(text):
        # Soft wrapping: what is copied from the terminal stays in one piece.
        errors.print(Text(text, style='red'), soft_wrap=True)

    try:
        gates = args.fail_if and parse_gates(args.fail_if, audit_names())
        record = run(args, console)
        from mmcurv.audit.report.terminal import audit_summary
        lines = failed(gates, record)
        console.print(audit_summary(record))
    except (OSError, ValueError) as error:
        complain(f'{prog or "analyze_curvature.py"}: {error}')
        return 2
    except KeyboardInterrupt:
        complain('Interrupted. What is done is kept: give the same command '
                 'again to go on.')
        return INTERRUPTED
    except Exception:
        traceback.print_exc()
        complain('A fault of mmcurv, not of your input. Please report the '
                 'lines above.')
        return CRASHED
    console.print(Text(f'Written to {args.out_dir}'), soft_wrap=True)
    for line in lines:
        complain(f'FAILED {line}')
    return 1 if lines else 0


if __name__ == '__main__':
    sys.exit(main())
