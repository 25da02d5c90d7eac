"""
SciPy's side of bench/stats.ts: the same samples, the same tests, the same clock (CPU seconds of the process), one thread.
Reads one line "<size> <file>" at a time, float64 of x and then y, and answers with one JSON line of milliseconds.
"""
import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import scipy
from scipy import stats

TESTS = {
    "student": lambda x, y: stats.ttest_ind(x, y),
    "welch": lambda x, y: stats.ttest_ind(x, y, equal_var=False),
    "mannWhitney": lambda x, y: stats.mannwhitneyu(x, y, method="asymptotic"),
    "kolmogorovSmirnov": lambda x, y: stats.ks_2samp(x, y, method="asymp"),
    "brunnerMunzel": lambda x, y: stats.brunnermunzel(x, y),
    "quantiles": lambda x, y: [np.quantile(side, [0.5, 0.9, 0.95, 0.99]) for side in (x, y)],
}


def battery(x, y):
    return [test(x, y) for test in TESTS.values()]


def milliseconds(work, x, y):
    started = time.process_time()
    work(x, y)
    return 1000 * (time.process_time() - started)


def median(work, x, y, runs):
    return float(np.median([milliseconds(work, x, y) for _ in range(runs)]))


print(json.dumps({"scipy": scipy.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}), flush=True)
for line in sys.stdin:
    size, runs, file = line.split(maxsplit=2)
    both = np.fromfile(file.strip(), dtype="<f8")
    x, y = both[: int(size)], both[int(size) :]
    answers = {name: float(test(x, y).statistic) for name, test in TESTS.items() if name != "quantiles"}
    battery(x, y)
    times = {"battery": median(battery, x, y, int(runs))}
    for name, test in TESTS.items():
        times[name] = median(test, x, y, int(runs))
    print(json.dumps({"times": times, "answers": answers}), flush=True)
