"""Data loading, plotting, pretrained weights and plumbing for the course's notebooks.

Importing this package is quick: TensorFlow is imported by the functions that need it.
"""
