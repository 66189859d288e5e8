"""Run any command in an image, entered as `koreason exec` enters it for a rule:  envs/run data python enter_image.py ENV COMMAND..."""

import subprocess
import sys

from koreason.config.site import active_site
from koreason.errors import UserError
from koreason.home import HOME
from koreason.images.enter import entered

if __name__ == "__main__":
    environment, *command = sys.argv[1:]
    site = active_site()
    assert site is not None, "KOREASON_SITE names the site file"
    try:
        with entered(site, environment, [str(HOME / "envs" / "run"), environment, *command]) as (inner, variables):
            status = subprocess.run(inner, env=variables, check=False).returncode
    except UserError as error:
        print(f"koreason: {error}", file=sys.stderr)
        status = 2
    sys.exit(status)
