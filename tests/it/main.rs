//! The one test binary: it links once, and every file beside this one is a module of it.

mod cases;
mod cli;
mod control_plane;
mod docs;
mod embedded;
mod files;
mod fuzz_replay;
mod kinds;
mod live_control_plane;
mod live_faults;
mod live_world;
mod net_cases;
mod net_laws;
mod net_worlds;
mod pty;
mod rbac_cases;
mod rbac_commands;
mod rbac_control_plane;
mod rbac_laws;
mod rbac_worlds;
mod screens;
mod seeded;
mod supply;
mod terminal;
mod tidy;
mod wire;
