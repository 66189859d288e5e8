"""A decoder in Megatron-core: its sizes, its modules, and its weights to and from Hugging Face."""
