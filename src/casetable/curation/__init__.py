"""The hand-written files of a review: bytes to values with every fault, and back."""
