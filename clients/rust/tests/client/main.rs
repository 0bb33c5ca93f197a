//! The client against real daemons. What needs a process of its own is an ignored test here, which others run.

mod finding;
mod fixtures;
mod lifetime;
mod sessions;
mod stories;
