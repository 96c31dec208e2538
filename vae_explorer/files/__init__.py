"""Reading and writing files: headers and bounds before data, whole or not at all."""
