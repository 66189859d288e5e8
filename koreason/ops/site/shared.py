"""The folders in which a run puts what is believed and run later: nobody else may write them.

for folder in written(site): print(folder, neighbours.writers(folder))
"""

from pathlib import Path

from koreason import home
from koreason.config.site import Site

# Of the run's folder, and itself.
OF_A_RUN = (".", "results", "logs", "benchmarks", ".snakemake", ".koreason")


def written(site: Site | None) -> list[Path]:
    """Those of a run in the current folder, the environments, and the images where the site file has them."""
    images = [home.ORIGIN / site.containers.images] if site and site.containers else []
    return [*map(Path, OF_A_RUN), home.environments(), *images]
