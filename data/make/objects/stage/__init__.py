"""What surrounds, lights and frames the object: materials, surroundings, scene."""
