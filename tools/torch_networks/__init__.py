"""Other projects' networks in PyTorch, for comparison with ours."""
