"""One run: from a recipe to the checkpoint folder of a trained model."""
