"""What the browser fetches: plans of networks, blobs, the routes to them, and its scripts."""
