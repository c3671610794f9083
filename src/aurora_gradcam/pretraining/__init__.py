"""Pretraining on simulated skies: the weights that training starts from."""
