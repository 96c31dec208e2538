"""The page that decodes by itself: the plan of a network, and the scripts that run it."""
