//! Untrusted bytes to bounded pixels, or a refusal with its cause
