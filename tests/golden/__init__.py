"""What shipped strategies come to, to the last bit."""
