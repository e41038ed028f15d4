"""What sources and the tool itself write: bytes to values and back."""
