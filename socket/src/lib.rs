//! saitls
