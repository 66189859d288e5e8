"""The room for taking files in that strangers made: which names, which links, how much of them, and for how long."""
