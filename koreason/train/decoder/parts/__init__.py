"""What a layer is made of, in few kernels and with gradients added up in place."""
