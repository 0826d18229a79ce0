"""What happens in the campaigns service."""
