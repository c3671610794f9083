"""Night videos from an archive on the web."""
