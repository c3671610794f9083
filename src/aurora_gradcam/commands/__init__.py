"""The commands of `aurora`, a file each; each is a thin call into the package that does the work."""
