//! Floor 2: a check that is made without anybody remembering it: systemd's user timers, launchd's
//! agents, crontab.
//!
//! The attack: a schedule that stopped, was edited, or never could notify, and looks enabled.
