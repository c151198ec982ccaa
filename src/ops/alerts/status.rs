//! `alert status` and `alert test`.

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;

use super::Alerts;
use crate::error::Error;
use crate::history::ChannelState;
use crate::manifest::alerts::HttpAddress;
use crate::manifest::{AlertChannel, AlertTarget};
use crate::model::Fingerprint;
use crate::notify::deliver::{self, DeliverError};
use crate::notify::{Alert, AlertKind};
use crate::ops::{Context, queries};

/// A channel and how it is doing.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Its settings; `None` where it is not configured any more and something still waits for it.
    pub channel: Option<AlertChannel>,
    /// Where it leads, without what may be a secret.
    pub place: String,
    /// How it is doing.
    pub state: ChannelState,
    /// How many alerts wait.
    pub waiting: usize,
    /// Since when the oldest waits.
    pub since: Option<Timestamp>,
}

/// What came of a test of one channel.
#[derive(Debug)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: &'static str,
    /// Where it leads.
    pub place: String,
    /// Whether the receiver took it.
    pub result: Result<(), DeliverError>,
}

/// Every channel, by name.
///
/// # Errors
/// The configuration or the history cannot be read.
pub fn status(context: &Context) -> Result<Vec<Status>, Error> {
    let (alerts, history) = (Alerts::of(context)?, queries::open_history(context)?);
    let mut names: Vec<_> = alerts.channels.keys().cloned().collect();
    names.extend(
        history
            .waiting_channels()?
            .into_iter()
            .filter(|name| !alerts.channels.contains_key(name)),
    );
    let one = |name: String| {
        let waiting = history.alerts_waiting(&name)?;
        let channel = alerts.channels.get(&name).cloned();
        Ok(Status {
            place: channel
                .as_ref()
                .map_or_else(|| "not configured any more".to_owned(), |channel| place(&channel.target)),
            channel,
            state: history.alert_channel(&name)?,
            waiting: waiting.len(),
            since: waiting.first().map(|first| first.queued),
            name,
        })
    };
    names.into_iter().map(one).collect()
}

/// Sends one message that says that it is a test to each channel, or to one. Nothing is kept of what was
/// not taken.
///
/// # Errors
/// The configuration or the history cannot be used, or there is no such channel. That a receiver did not
/// take it is in the result.
pub async fn test(context: &Context, name: Option<&str>) -> Result<Vec<Tested>, Error> {
    let (alerts, history) = (Alerts::of(context)?, queries::open_history(context)?);
    if let Some(name) = name.filter(|name| !alerts.channels.contains_key(*name)) {
        let known: Vec<_> = alerts.channels.keys().map(|name| format!("`{name}`")).collect();
        return Err(Error::NotPossible {
            what: format!(
                "test the alert channel `{}`: there is none of this name",
                crate::surface::visible(name)
            ),
            hint: Some(format!("there is {}", known.join(", "))),
        });
    }
    let (now, head) = ((alerts.now)(), history.log_head()?.to_string());
    let chosen = alerts
        .channels
        .iter()
        .filter(|(own, _)| name.is_none_or(|name| name == own.as_str()));
    let tests = chosen.map(|(name, channel)| {
        let (alerts, head) = (&alerts, &head);
        async move {
            let print = json!({"test": name, "at": now.to_string()});
            let lines = [
                format!("This is only a test of the alert channel `{name}`: nothing is wrong."),
                "Alerts about MCP servers on this machine will arrive here.".to_owned(),
            ];
            let alert = Alert::new(
                AlertKind::Test,
                None,
                "TEST of mcp-pin's alerts",
                &[&lines[0], &lines[1]],
                Fingerprint::of_canonical(print.to_string().as_bytes()),
                alerts.seen_nowhere(now),
            )
            .run("mcp-pin alert status")
            .noting(head);
            let result = if alerts.offline && deliver::needs_network(&channel.target) {
                Err(DeliverError::Offline)
            } else {
                deliver::deliver(&channel.target, &alert, &alerts.means).await
            };
            Tested {
                name: name.clone(),
                kind: channel.target.kind(),
                place: place(&channel.target),
                result,
            }
        }
    });
    let tested = join_all(tests).await;
    for one in tested.iter().filter(|one| one.result.is_ok()) {
        history.channel_succeeded(&one.name, now)?;
    }
    Ok(tested)
}

/// Where a channel leads, as far as it may be shown: many an address is a secret.
pub(super) fn place(target: &AlertTarget) -> String {
    match target {
        AlertTarget::Desktop => "this desktop".to_owned(),
        AlertTarget::Webhook(to) | AlertTarget::Slack(to) | AlertTarget::Otlp(to) => match &to.address {
            HttpAddress::Written(text) => {
                let origin = url::Url::parse(text).map(|url| url.origin().ascii_serialization());
                origin.unwrap_or_default()
            }
            HttpAddress::File(path) => format!("the address in {}", path.display()),
        },
        AlertTarget::Mail(to) => to.to.join(", "),
        AlertTarget::Syslog { address, .. } => address.to_string(),
        AlertTarget::Journald { socket } => socket.display().to_string(),
    }
}
