//! Floor 2: a check that is made without anybody remembering it: systemd's user timers, launchd's
//! agents, crontab.
//!
//! The attacks: a schedule that stopped, was edited, or never could notify, and looks enabled; a folder
//! or a home whose name becomes a command where it is written into a unit, a crontab or a property list;
//! and a `PATH` that leads a timer to a program of somebody else.
//!
//! The texts are made by pure functions ([`systemd`], [`cron`], [`launchd`]) of one [`Job`]. Each text
//! that mcp-pin writes carries a [`seal`]: a digest of itself. What is unsealed is another's, or was
//! edited, and is neither replaced nor removed. A seal is no secret: it tells an accident or an editor,
//! not a program of the same user that means to deceive; the record in the history tells more.
//!
//! Not promised: that the machine is awake, that the user is logged in (a systemd user instance without
//! lingering ends with the session), that cron runs. `schedule status` tells what can be seen of it.

pub mod cron;
mod crontab;
mod error;
mod every;
mod files;
mod job;
pub mod launchd;
mod machine;
mod manager;
mod program;
pub mod seal;
pub mod systemd;

pub use crontab::Crontab;
pub use error::ScheduleError;
pub use every::Every;
pub use files::{Written, remove, standing, write};
pub use job::{Job, name_of};
pub use launchd::LaunchAgents;
pub use machine::{Backend, Machine};
pub use manager::{TimerState, UserManager};
