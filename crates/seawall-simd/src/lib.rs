//! PDQ and Hamming kernels with a scalar oracle; the only unsafe code
