"""What a VAE is: its config, layers, model and objective. Needs only torch."""
