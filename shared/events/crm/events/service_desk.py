"""What happens in the service-desk service."""
