//! kreach
