"""A published folder brought to the hub, by the hub's own client, into a repository that only its owner sees.

    upload(Path("published/data/demo-ko"), "lab/demo-ko", "dataset")      # the address of the commit

`HF_TOKEN` says who uploads, `HF_ENDPOINT` names another hub than the public one.
"""

from pathlib import Path

from koreason.errors import UserError
from koreason.mirror.hub import quiet


def upload(folder: Path, repo: str, kind: str) -> str:
    """Upload all files as one commit; returns its address.

    Raises:
        UserError: the hub does not take them, or everybody sees the repository.
    """
    from httpx2 import HTTPError  # what the hub's client asks by
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    quiet()
    try:
        api = HfApi()
        if api.repo_exists(repo, repo_type=kind) and not api.repo_info(repo, repo_type=kind).private:
            raise UserError(
                "is there already, and everybody sees it", repo, f"make it private first, or upload {folder} by hand: `hf upload`"
            )
        api.create_repo(repo, repo_type=kind, private=True, exist_ok=True)
        done = api.upload_folder(repo_id=repo, repo_type=kind, folder_path=folder, commit_message="Published by koreason")
    except (HfHubHTTPError, HTTPError, OSError, ValueError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"the hub does not take it ({first})", repo, f"the folder is whole: {folder}; set HF_TOKEN, and type the same again"
        ) from None
    return str(done.commit_url)
