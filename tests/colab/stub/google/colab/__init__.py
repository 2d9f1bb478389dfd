"""Stands for Colab's own package, whose presence the lessons' set-up cell looks for."""
