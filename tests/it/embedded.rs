//! The embedded API server answers as an API server does: lists, watches, selectors, tables, errors.

mod asking;
mod demo;
mod errors;
mod lists;
mod story;
mod watches;
mod worlds;
mod writes;
