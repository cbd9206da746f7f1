"""What a part is: its equation, its parameters, its kernels, its noise and what it learns from."""
