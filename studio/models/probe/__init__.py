"""What is this file? Answered from headers alone: no weight is read, no torch imported."""
