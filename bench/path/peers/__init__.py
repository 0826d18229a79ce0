"""Other ways to do the same work, each as its makers would have it."""
