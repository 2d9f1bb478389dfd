"""The ImageNet models of the course: the table of them, their weights, one built here."""
