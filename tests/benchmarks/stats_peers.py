#!/usr/bin/env python3
"""Our statistics beside other programs on the same inputs, in one run:
`stats_peers.py BENCHMARK [FLAGS OF THE BENCHMARK]`.

BENCHMARK is the executable of stats_benchmark.cc. Peers: scipy and numpy
(Debian's), rpact in R. Prints a table; times are per item, in microseconds,
the least of several repetitions on both sides.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np
import scipy
import scipy.stats as st

REPETITIONS = 5

# Those of stats_benchmark.cc.
CONTROL = (10_000, 20.0, 90.0)  # n, mean, variance
TREATMENT = (10_050, 20.3, 95.0)
LOOKS = 100


def least(function, items=1):
    """Seconds per item, the least of several repetitions."""
    function()
    best = float('inf')
    for _ in range(REPETITIONS):
        begin = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - begin)
    return best / items


def welch_scalar():
    (n1, m1, v1), (n2, m2, v2) = CONTROL, TREATMENT

    def run():
        for _ in range(1000):
            st.ttest_ind_from_stats(m2, v2 ** .5, n2, m1, v1 ** .5, n1,
                                    equal_var=False)
    return least(run, 1000)


def welch_vectorised():
    size = 100_000
    (n1, m1, v1), (n2, m2, v2) = CONTROL, TREATMENT
    means = m2 + np.linspace(-1, 1, size)

    def run():
        st.ttest_ind_from_stats(means, v2 ** .5, n2, m1, v1 ** .5, n1,
                                equal_var=False)
    return least(run, size)


def peeking():
    """A/A experiments of 100 looks from normal increments."""
    size = 20_000
    roots = np.sqrt(np.arange(1, LOOKS + 1))
    generator = np.random.Generator(np.random.SFC64(1))

    def run():
        sums = generator.standard_normal((size, LOOKS)).cumsum(axis=1)
        return np.mean((np.abs(sums) > 1.959963984540054 * roots).any(axis=1))
    return least(run, size)


def rpact(looks):
    code = f'''
suppressMessages(library(rpact))
run <- function() for (i in 1:20) {{
  d <- getDesignGroupSequential(kMax = {looks}, alpha = 0.05, sided = 2,
                                typeOfDesign = "asOF")
  d$criticalValues
}}
run()
cat(min(replicate({REPETITIONS}, system.time(run())[["elapsed"]])) / 20)
'''
    output = subprocess.run(['Rscript', '--vanilla', '-e', code], text=True,
                            capture_output=True, check=True).stdout
    return float(output.split()[-1])


# The benchmark's name, what the peer is, and the peer.
PEERS = [
    ('BM_Welch', 'scipy, scalar calls', welch_scalar),
    ('BM_Welch', 'scipy, vectorised', welch_vectorised),
    ('BM_Design/5', 'rpact', lambda: rpact(5)),
    ('BM_Design/10', 'rpact', lambda: rpact(10)),
    ('BM_PeekingSimulation', 'numpy', peeking),
]


def ours(program, flags):
    """Microseconds per item by benchmark, the least of several repetitions."""
    output = subprocess.run(
        [program, '--benchmark_format=json',
         f'--benchmark_repetitions={REPETITIONS}',
         '--benchmark_enable_random_interleaving=true', *flags],
        text=True, capture_output=True, check=True).stdout
    figures = {}
    for run in json.loads(output)['benchmarks']:
        if run.get('run_type') != 'iteration':
            continue
        if run.get('error_occurred'):
            raise RuntimeError(f"{run['name']}: {run['error_message']}")
        name = run['run_name'].split('/repeats:')[0]
        if 'items_per_second' in run:
            figure = 1e6 / run['items_per_second']
        else:
            figure = run['cpu_time'] * {'ns': 1e-3, 'us': 1, 'ms': 1e3}[
                run['time_unit']]
        figures[name] = min(figure, figures.get(name, float('inf')))
    return figures


def main(arguments):
    if not arguments:
        print(__doc__)
        return 2
    load = os.getloadavg()[0]
    figures = ours(arguments[0], arguments[1:])
    rows = [(name, peer, figures[name], run() * 1e6)
            for name, peer, run in PEERS if name in figures]
    print(f'scipy {scipy.__version__}, numpy {np.__version__}; '
          f'load {load:.1f} before, {os.getloadavg()[0]:.1f} after; '
          'microseconds per item')
    print(f"{'benchmark':40} {'ours':>12}  {'peer':22} {'peer':>12} "
          f"{'ratio':>10}")
    beside = {name for name, *_ in rows}
    for name, figure in figures.items():
        if name not in beside:
            print(f'{name:40} {figure:12.4f}')
    for name, peer, figure, other in rows:
        print(f'{name:40} {figure:12.4f}  {peer:22} {other:12.4f} '
              f'{other / figure:10.1f}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
