"""Where clips play: what can be asked for, what a spec holds, and how specs are drawn."""
