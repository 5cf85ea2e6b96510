"""What intake answers and stores."""
