"""How many people a clip holds, and where they stand to each other."""
