"""What SciPy and statsmodels make of the same data:  envs/run interop python tests/statistics/by_statsmodels.py < CASES.json

Reads `tables` (discordant pairs), `families` (p values), `shares` (hits, size) and `clustered` (differences and their clusters) and prints
what those libraries say of each, in JSON.
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def clustered(differences: list[float], clusters: list[int]) -> list[float]:
    """Mean, cluster-robust standard error and two-sided p of a regression on a constant."""
    model = sm.OLS(np.array(differences), np.ones(len(differences)))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": np.array(clusters)}, use_t=True)
    return [float(fit.params[0]), float(fit.bse[0]), float(fit.pvalues[0])]


cases = json.load(sys.stdin)
print(
    json.dumps(
        {
            "tables": [float(mcnemar([[5, lost], [won, 7]], exact=True).pvalue) for lost, won in cases["tables"]],
            "families": [multipletests(family, method="holm")[1].tolist() for family in cases["families"]],
            "shares": [list(map(float, proportion_confint(hits, size, method="wilson"))) for hits, size in cases["shares"]],
            "clustered": [clustered(*case) for case in cases["clustered"]],
            "t": [[float(2 * stats.t.sf(value, degrees)), float(stats.t.ppf(0.975, degrees))] for value, degrees in cases["t"]],
        }
    )
)
