"""What suspended functions wait for, and whether anything is left to wake them."""
