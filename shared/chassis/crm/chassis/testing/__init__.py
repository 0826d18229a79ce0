"""What tests of services stand on: real servers, fakes and scenarios."""
