"""Cost of a request: this service beside other backends and beside another checkout of itself.

``__main__.py`` and ``scale/`` are the programs. ``load/`` sends requests, ``targets/`` installs and
starts the services, ``peers/`` are the other backends, ``figures/`` computes and prints results.
"""
