"""What happens in the analytics service."""
