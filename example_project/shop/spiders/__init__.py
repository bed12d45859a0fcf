"""One spider that leaks, one that only has much to do, and a healthy one."""
