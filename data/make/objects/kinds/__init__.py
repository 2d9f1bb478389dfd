"""The five kinds of things, a module each: `build` makes an instance, `pose` may lay it down.

Imports point one way: kinds to stage and blender, stage to blender, blender to neither.
"""
