"""`aurora export`: frames as files in folders or a zip."""
