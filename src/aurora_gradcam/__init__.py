"""Aurora detection in all-sky imagery: from night videos to explained, measured results."""

__version__ = "0.2.0"
