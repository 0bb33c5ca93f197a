//! The samples: one file each, as it would stand in a project's `tests` folder.

mod econnreset;
mod eof;
mod half_close;
mod refused;
mod retry_succeeds_third_time;
mod server_gets_rst;
