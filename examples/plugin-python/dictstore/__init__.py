"""A plugin for mlstore in Python: runs and artifacts in dicts, for as long as its process lives."""
