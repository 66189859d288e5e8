"""Why a prompt is dropped, or kept."""
