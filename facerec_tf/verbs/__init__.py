"""The commands of `facerec`: one file per verb, from flags to one call and one summary."""
