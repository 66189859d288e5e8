"""What of a run others can take: a data set and a model, each a folder with its card, and what a licence forbids refused."""
