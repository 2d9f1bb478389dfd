"""What only instructors and contributors run: the ``course`` command."""
