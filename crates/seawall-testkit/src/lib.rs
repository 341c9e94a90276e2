//! Synthetic pictures from a seed and a fake clock, for tests and the demo
