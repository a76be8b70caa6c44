#!/usr/bin/env python3
"""Runs the examples of README.md: `readme.py SERVER CLIENT DEMO [FILE]`.

The three are the paths of stagecraft-server, stagecraft and stagecraft-demo.
Each block that is marked `sh run` is run by bash, in the order of the page, in
the root of the repository, against a fresh server; it must exit with 0.
STAGECRAFT_SERVER says where that server is, `stagecraft` is on PATH, SAMPLE is
the folder with the sample that the demo leaves. At the end the numbers that
the text of the page names are checked.
"""

import os
import subprocess
import sys
import tempfile

import rules

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                     '..', '..'))
# What the text says of the sample; each must be in some block's output.
PROMISED = [
    'WINNER: checklist', '+16.6%', 'COLLECTING', '10,599 stored',
    'matches: the evidence gives the same verdict',
    'sample.n is 1, want at least 2 units',
]


class Server:
    """A server on a free port that keeps everything in memory."""

    def __init__(self, program, log):
        self.process = subprocess.Popen(
            [program, '--listen=127.0.0.1:0', '--in-memory',
             '--evaluate-every=0'],
            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()  # Empty if it ended.
        prefix = 'listening on '
        if not line.startswith(prefix):
            raise RuntimeError(f'the server says {line!r}, want {prefix!r}...')
        self.address = line[len(prefix):].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)


def write_sample(demo, folder, sample):
    """The demo writes the sample before it looks for a server: without one
    that is all it does."""
    os.mkdir(sample)
    run = subprocess.run([demo, '--server', '', '--out', folder], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=60, check=False)
    if not os.path.exists(os.path.join(sample, 'trials.csv')):
        raise RuntimeError(f'the demo left no sample in {sample}: {run.stdout}')


def run_blocks(readme, environment):
    """Returns what went wrong, and all output."""
    with open(readme, encoding='utf-8') as stream:
        file = rules.File(os.path.basename(readme), stream.read())
    breaches, outputs, count = [], [], 0
    for line, info, content in rules.blocks(file):
        if info != 'sh run':
            continue
        count += 1
        run = subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', content], cwd=ROOT,
            env=environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
            check=False)
        outputs.append(run.stdout)
        if run.returncode != 0:
            breaches.append(f'{file.path}:{line}: exit code {run.returncode}:\n'
                            + run.stdout)
            break  # The others build on it.
    if count == 0:
        breaches.append(f'{file.path}: no block is marked `sh run`, want some')
    return breaches, '\n'.join(outputs)


def main(arguments):
    if len(arguments) not in (3, 4):
        print(__doc__)
        return 2
    server, client, demo = (os.path.abspath(path) for path in arguments[:3])
    readme = arguments[3] if len(arguments) == 4 else os.path.join(
        ROOT, 'README.md')
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'server.log'), 'w+',
                  encoding='utf-8') as log:
            sample = os.path.join(folder, 'sample')
            write_sample(demo, folder, sample)
            with Server(server, log) as started:
                breaches, output = run_blocks(readme, dict(
                    os.environ, STAGECRAFT_SERVER=started.address,
                    SAMPLE=sample, LC_ALL='C.UTF-8',
                    PATH=os.path.dirname(client) + os.pathsep
                    + os.environ['PATH']))
            if not breaches:
                breaches = [f'no example printed "{text}", which the page '
                            'promises' for text in PROMISED
                            if text not in output]
            for breach in breaches:
                print(breach)
            if breaches:
                print('--- all output')
                print(output)
                log.seek(0)
                print('--- log of the servers')
                print(log.read())
    return 1 if breaches else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
