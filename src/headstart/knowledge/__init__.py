"""Published results as data, the prior they give, and what follows for a described case."""
