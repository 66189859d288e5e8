"""Stage train: a packed mix and a student's weights to a trained model."""
