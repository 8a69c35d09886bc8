"""`rtrade serve`: the data API and the viewer, over HTTP. The only importer of Flask and waitress.

It opens no database and asks no exchange by itself: `workflow` does, and `report` renders.
"""
