"""Plumbing on bpy that knows nothing of what is photographed: meshes, node graphs, prints."""
