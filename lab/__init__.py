"""The post-pretraining lab: synthetic data, inference-time compute and self-correction, measured."""
