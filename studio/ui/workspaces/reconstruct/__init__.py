"""The Reconstruct workspace's views and what they share."""
