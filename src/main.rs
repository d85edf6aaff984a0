//! The binary `kreach`.

fn main() {}
