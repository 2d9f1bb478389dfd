"""Answers to the exercises, checked in the notebook: at once, without a network.

Each lesson has a module here, and each of its exercises a function that takes the answer and
returns a :class:`feedback.Feedback`, which the notebook shows: first what is wrong, then a hint.
The solution is folded below the exercise.
"""
