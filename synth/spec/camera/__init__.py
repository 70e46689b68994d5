"""Camera specs: how a clip is filmed, what a config may ask for, and the draw from one to the other."""
