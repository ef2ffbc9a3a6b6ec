//! saitls-rustcrypto
