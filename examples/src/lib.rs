//! saitls-examples
