"""Which texts are alike: MinHash sketches, candidates, exact similarities, groups; a leaf without a model or a stage."""
