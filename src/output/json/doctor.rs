//! Version 1 of a check-up. Fields may be added; none changes its meaning or goes away without a new
//! version.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::doctor as ops;

/// A check-up of this machine.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mcp-pin doctor")]
pub struct Checkup {
    /// Always 1 in this form.
    #[schemars(range(min = 1, max = 1))]
    pub schema_version: u32,
    /// The worst state of any line.
    pub status: State,
    /// What was looked at.
    pub lines: Vec<Line>,
}

/// How something stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be; exit status 0.
    Ok,
    /// It works; exit status 0.
    Warn,
    /// It could not be found out; exit status 2 unless something is broken.
    Unknown,
    /// It needs doing; exit status 1.
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The kind of thing.
    pub topic: String,
    /// How it stands.
    pub state: State,
    /// What was seen.
    pub what: String,
    /// The command that mends it; absent where nothing needs mending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl From<ops::State> for State {
    fn from(state: ops::State) -> Self {
        match state {
            ops::State::Ok => Self::Ok,
            ops::State::Warn => Self::Warn,
            ops::State::Unknown => Self::Unknown,
            ops::State::Broken => Self::Broken,
        }
    }
}

impl From<&ops::Checkup> for Checkup {
    fn from(checkup: &ops::Checkup) -> Self {
        Self {
            schema_version: 1,
            status: checkup.worst().into(),
            lines: checkup.lines.iter().map(Line::from).collect(),
        }
    }
}

impl From<&ops::Line> for Line {
    fn from(line: &ops::Line) -> Self {
        Self {
            topic: line.topic.to_owned(),
            state: line.state.into(),
            what: line.what.clone(),
            mend: line.mend.clone(),
        }
    }
}
