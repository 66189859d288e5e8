"""Room recomputed: tables that others published, and which of their conclusions their own rows carry."""
