//! Who would hear of drift, as far as that can be known before there is any.
//!
//! The attack: a check that runs, finds something, and tells nobody, while its status looks well.

use super::status::place;
use super::{Alerts, Undelivered};
use crate::error::Error;
use crate::history::History;
use crate::manifest::AlertTarget;
use crate::model::Grade;
use crate::notify::deliver;
use crate::notify::{Alert, desktop};

/// One channel, as somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearer {
    /// The channel's name.
    pub name: String,
    /// Its type.
    pub kind: &'static str,
    /// Where it leads, without what may be a secret.
    pub place: String,
    /// From which grade on it hears.
    pub floor: Grade,
    /// Why it would not hear now: no desktop answers, or it did not take what it was sent last. That a
    /// channel takes the next one is not promised.
    pub deaf: Option<String>,
}

/// Why none of them hears; `None`: somebody does.
pub fn nobody(hearers: &[Hearer]) -> Option<String> {
    if hearers.iter().any(|hearer| hearer.deaf.is_none()) {
        return None;
    }
    let why = hearers.iter().map(|hearer| {
        let why = hearer.deaf.as_deref().unwrap_or_default();
        format!("{}: {why}", hearer.name)
    });
    Some(why.collect::<Vec<_>>().join("; "))
}

impl Alerts {
    /// Every channel, and whether it hears. Nothing is sent.
    ///
    /// # Errors
    /// The history cannot be read.
    pub async fn hearers(&self, history: &History) -> Result<Vec<Hearer>, Error> {
        let mut hearers = Vec::new();
        for (name, channel) in &self.channels {
            let deaf = match channel.target {
                AlertTarget::Desktop => desktop::reachable(self.bus()).await.err().map(|error| error.to_string()),
                _ => history.alert_channel(name)?.error,
            };
            hearers.push(Hearer {
                name: name.clone(),
                kind: channel.target.kind(),
                place: place(&channel.target),
                floor: channel.floor,
                deaf,
            });
        }
        Ok(hearers)
    }

    /// Hands an alert to every channel at once and remembers nothing: for when the history cannot be used.
    pub async fn tell_now(&self, alert: &Alert) -> Vec<Undelivered> {
        let mut failed = Vec::new();
        for (name, channel) in &self.channels {
            let result = if self.offline && deliver::needs_network(&channel.target) {
                Err(deliver::DeliverError::Offline)
            } else {
                deliver::deliver(&channel.target, alert, &self.means).await
            };
            let Err(error) = result else { continue };
            failed.push(Undelivered {
                channel: name.clone(),
                desktop: matches!(channel.target, AlertTarget::Desktop),
                waiting: 0,
                why: error.to_string(),
                hint: error.hint(),
                next: None,
            });
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_hears_only_where_every_channel_is_deaf() {
        let hearer = |name: &str, deaf: Option<&str>| Hearer {
            name: name.into(),
            kind: "webhook",
            place: "https://h.example".into(),
            floor: Grade::Notice,
            deaf: deaf.map(str::to_owned),
        };
        let desk = hearer("desk", Some("no desktop"));
        assert_eq!(nobody(&[desk.clone(), hearer("ops", None)]), None);
        assert_eq!(
            nobody(&[desk, hearer("ops", Some("503"))]).as_deref(),
            Some("desk: no desktop; ops: 503")
        );
        assert_eq!(nobody(&[]).as_deref(), Some(""));
    }
}
