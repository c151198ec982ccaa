//! `[alerts.NAME]` of a manifest.

use std::path::PathBuf;

use jiff::SignedDuration;
use toml_edit::TableLike;
use url::Url;

use super::{Span, Walk, key_span, value_span};
use crate::manifest::alerts::{AlertChannel, AlertTables, AlertTarget, HttpAddress, HttpTarget, MailTarget, REMIND, SyslogAddress};
use crate::manifest::policy::read_cooldown;
use crate::manifest::{Manifest, Scope};
use crate::model::{Grade, ServerName};
use crate::surface::visible;
use crate::surface::visible::is_invisible;

pub(in crate::manifest) const ALERT: &[&str] = &[
    "type",
    "floor",
    "remind",
    "url",
    "url-file",
    "endpoint",
    "header-file",
    "insecure",
    "to",
    "from",
    "sendmail",
    "address",
    "facility",
    "socket",
];

/// The names of syslog's facilities that a program of a user has business with.
pub(in crate::manifest) const FACILITIES: &[(&str, u8)] = &[
    ("user", 1),
    ("daemon", 3),
    ("auth", 4),
    ("authpriv", 10),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

pub(in crate::manifest) const KINDS: &[&str] = &["desktop", "webhook", "slack", "mail", "syslog", "journald", "otlp"];

const HTTP_HINT: &str =
    "write `https://HOST/PATH` without a user or password; `http` is for this machine, or with `insecure = true` for others";

impl Walk<'_> {
    /// `[alerts]`. A project's is not read: its names are kept, to be told as ignored.
    pub(super) fn alerts(&mut self, root: &dyn TableLike, manifest: &mut Manifest) {
        if self.scope == Scope::Project {
            let Some(item) = root.get("alerts") else { return };
            let names = item.as_table_like().map(|table| {
                let shown = |(key, _): (&str, _)| visible(&key.chars().take(40).collect::<String>());
                table.iter().take(8).map(shown).collect()
            });
            manifest.alerts.ignored = names.unwrap_or_else(|| vec!["?".to_owned()]);
            return;
        }
        let Some(table) = self.table(root, "alerts") else { return };
        let mut tables = AlertTables::default();
        for (key, item) in table.iter() {
            let span = key_span(table, key);
            if self.fallible(span.clone(), key.parse::<ServerName>()).is_none() {
                continue;
            }
            let Some(channel) = item.as_table_like() else {
                let hint = "a channel is a table, for example `[alerts.desk]` with `type = \"desktop\"`";
                self.problem(span, format!("`{}` must be a table", visible(key)), Some(hint.into()));
                continue;
            };
            if let Some(channel) = self.alert(span, channel) {
                tables.channels.insert(key.to_owned(), channel);
            }
        }
        manifest.alerts = tables;
    }

    fn alert(&mut self, span: Span, table: &dyn TableLike) -> Option<AlertChannel> {
        self.unknown_keys(table, "an alert channel", ALERT);
        let floors = [Grade::Notice, Grade::Warning, Grade::Critical].map(|grade| (grade.as_str(), grade));
        let floor = self.word(table, "floor", &floors).unwrap_or(Grade::Notice);
        let remind = self.remind(table);
        if !table.contains_key("type") {
            let hint = format!("one of {}", KINDS.join(", "));
            self.problem(span.clone(), "this alert channel has no `type`", Some(hint));
        }
        let kinds: Vec<_> = KINDS.iter().map(|kind| (*kind, *kind)).collect();
        let kind = self.word(table, "type", &kinds)?;
        let own: &[&str] = match kind {
            "webhook" | "slack" => &["url", "url-file", "header-file", "insecure"],
            "otlp" => &["endpoint", "header-file", "insecure"],
            "mail" => &["to", "from", "sendmail"],
            "syslog" => &["address", "facility"],
            "journald" => &["socket"],
            _ => &[],
        };
        for key in ALERT.iter().skip(3).filter(|key| table.contains_key(key) && !own.contains(key)) {
            self.problem(key_span(table, key), format!("a channel of type `{kind}` has no `{key}`"), None);
        }
        let target = match kind {
            "webhook" => AlertTarget::Webhook(self.http(span, table)?),
            "slack" => AlertTarget::Slack(self.http(span, table)?),
            "otlp" => AlertTarget::Otlp(self.otlp(span, table)?),
            "mail" => AlertTarget::Mail(self.mail(span, table)?),
            "syslog" => self.syslog(table)?,
            "journald" => AlertTarget::Journald {
                socket: self.path_or(table, "socket", "/run/systemd/journal/socket")?,
            },
            _ => AlertTarget::Desktop,
        };
        Some(AlertChannel { floor, remind, target })
    }

    fn remind(&mut self, table: &dyn TableLike) -> Option<SignedDuration> {
        if !table.contains_key("remind") {
            return Some(REMIND);
        }
        let (span, text) = self.text(table, "remind")?;
        if text == "never" {
            return None;
        }
        let time = read_cooldown(text).filter(SignedDuration::is_positive);
        if time.is_none() {
            let hint = "write days or hours, for example `7d` or `12h`, or `never`";
            self.problem(span, "`remind` is not a time", Some(hint.into()));
        }
        time
    }

    fn path_or(&mut self, table: &dyn TableLike, key: &str, usual: &str) -> Option<PathBuf> {
        if table.contains_key(key) {
            self.path(table, key)
        } else {
            Some(PathBuf::from(usual))
        }
    }

    fn http(&mut self, span: Span, table: &dyn TableLike) -> Option<HttpTarget> {
        let insecure = self.flag(table, "insecure").unwrap_or_default();
        let address = match (table.contains_key("url"), table.contains_key("url-file")) {
            (true, false) => HttpAddress::Written(self.receiver(table, "url", insecure)?),
            (false, true) => HttpAddress::File(self.path(table, "url-file")?),
            _ => {
                let hint = "`url-file` names a file with mode 0600 that holds the address: better, where the address is a secret";
                self.problem(span, "a channel of this type has either a `url` or a `url-file`", Some(hint.into()));
                return None;
            }
        };
        self.target(table, address, insecure)
    }

    fn otlp(&mut self, span: Span, table: &dyn TableLike) -> Option<HttpTarget> {
        let insecure = self.flag(table, "insecure").unwrap_or_default();
        if !table.contains_key("endpoint") {
            let hint = "for example `endpoint = \"http://localhost:4318\"`; `/v1/logs` is added";
            self.problem(span, "a channel of type `otlp` has an `endpoint`", Some(hint.into()));
        }
        let address = HttpAddress::Written(self.receiver(table, "endpoint", insecure)?);
        self.target(table, address, insecure)
    }

    fn target(&mut self, table: &dyn TableLike, address: HttpAddress, insecure: bool) -> Option<HttpTarget> {
        let header_file = if table.contains_key("header-file") {
            Some(self.path(table, "header-file")?)
        } else {
            None
        };
        Some(HttpTarget {
            address,
            header_file,
            insecure,
        })
    }

    fn receiver(&mut self, table: &dyn TableLike, key: &str, insecure: bool) -> Option<String> {
        let (span, text) = self.text(table, key)?;
        let ok = receiver(text, insecure).is_some();
        if !ok {
            // An address may be a secret: it is not repeated.
            self.problem(span, format!("`{key}` is not an address that can be used"), Some(HTTP_HINT.into()));
        }
        ok.then(|| text.to_owned())
    }

    fn mail(&mut self, span: Span, table: &dyn TableLike) -> Option<MailTarget> {
        let to = match table.get("to").and_then(toml_edit::Item::as_str) {
            Some(one) => {
                let span = value_span(table, "to");
                self.mail_address(span, one).then(|| vec![one.to_owned()])?
            }
            None => self.strings(table, "to", Self::mail_address),
        };
        if !table.contains_key("to") || !table.contains_key("from") {
            let hint = "for example `to = [\"me@example.org\"]` and `from = \"mcp-pin@example.org\"`";
            self.problem(span, "a channel of type `mail` has `to` and `from`", Some(hint.into()));
        } else if to.is_empty() {
            self.problem(value_span(table, "to"), "`to` names nobody", None);
        }
        let from = self.text(table, "from");
        let from = from.and_then(|(span, text)| self.mail_address(span, text).then(|| text.to_owned()));
        let sendmail = self.path_or(table, "sendmail", "/usr/sbin/sendmail")?;
        Some(MailTarget { to, from: from?, sendmail })
    }

    /// A plain address. The attack: one that is an option of the mail program, or a second header.
    fn mail_address(&mut self, span: Span, text: &str) -> bool {
        let ok = is_mail_address(text);
        if !ok {
            let hint = "a plain address without a name, for example `me@example.org`";
            self.problem(span, "this is no mail address that can be used", Some(hint.into()));
        }
        ok
    }

    fn syslog(&mut self, table: &dyn TableLike) -> Option<AlertTarget> {
        let facility = self.word(table, "facility", FACILITIES).unwrap_or(1);
        let address = if table.contains_key("address") {
            let (span, text) = self.text(table, "address")?;
            let Some(address) = syslog_address(text) else {
                let hint = "write `unix:/dev/log`, `udp:HOST:PORT` or `tcp:HOST:PORT`";
                self.problem(span, "`address` is not one of a syslog server", Some(hint.into()));
                return None;
            };
            address
        } else {
            SyslogAddress::Unix("/dev/log".into())
        };
        Some(AlertTarget::Syslog { address, facility })
    }
}

/// An address that alerts may be sent to: `https`, or `http` to this machine, or to any with `insecure`;
/// no user, no password, no fragment.
pub fn receiver(text: &str, insecure: bool) -> Option<Url> {
    if text.chars().any(|c| c.is_whitespace() || c == '\\' || is_invisible(c)) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let here = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && (here || insecure));
    (plain && safe).then_some(url)
}

fn is_mail_address(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let dotted = |text: &str, ok: &dyn Fn(char) -> bool| text.split('.').all(|part| !part.is_empty() && part.chars().all(ok));
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let host = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.len() <= 254 && !text.starts_with(['-', '|', '/']) && dotted(local, &atom) && dotted(domain, &host) && !domain.starts_with('-')
}

fn syslog_address(text: &str) -> Option<SyslogAddress> {
    let (kind, rest) = text.split_once(':')?;
    if rest.chars().any(|c| c.is_whitespace() || is_invisible(c)) {
        return None;
    }
    match kind {
        "unix" => rest.starts_with('/').then(|| SyslogAddress::Unix(rest.into())),
        "udp" | "tcp" => {
            let (host, port) = rest.rsplit_once(':')?;
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let ok = match bare {
                Some(six) => six.parse::<core::net::Ipv6Addr>().is_ok(),
                None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-'),
            };
            let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
            let address = format!("{host}:{port}");
            ok.then_some(match kind {
                "udp" => SyslogAddress::Udp(address),
                _ => SyslogAddress::Tcp(address),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;

    fn channel(lines: &str) -> Result<AlertChannel, String> {
        let text = format!("[alerts.x]\n{lines}\n");
        let manifest = parse(&text, Scope::User).map_err(|error| error.to_string())?;
        Ok(manifest.alerts.channels["x"].clone())
    }

    #[test]
    fn every_type_reads_with_its_own_keys() {
        assert_eq!(channel("type = \"desktop\""), Ok(AlertChannel::desktop()));
        let hook = channel("type = \"webhook\"\nurl = \"https://h.example/x?y=1\"\nfloor = \"critical\"\nremind = \"12h\"").unwrap();
        assert_eq!((hook.floor, hook.remind), (Grade::Critical, Some(SignedDuration::from_hours(12))));
        assert!(matches!(&hook.target, AlertTarget::Webhook(to) if to.address == HttpAddress::Written("https://h.example/x?y=1".into())));
        let slack = channel("type = \"slack\"\nurl-file = \"/etc/slack\"\nremind = \"never\"").unwrap();
        assert!(matches!(&slack.target, AlertTarget::Slack(to) if to.address == HttpAddress::File("/etc/slack".into())));
        assert_eq!(slack.remind, None);
        let mail = channel("type = \"mail\"\nto = \"me@example.org\"\nfrom = \"pin@example.org\"").unwrap();
        assert!(
            matches!(&mail.target, AlertTarget::Mail(to) if to.to == ["me@example.org"] && to.sendmail.as_os_str() == "/usr/sbin/sendmail")
        );
        let syslog = channel("type = \"syslog\"\naddress = \"tcp:[::1]:514\"\nfacility = \"authpriv\"").unwrap();
        assert_eq!(
            syslog.target,
            AlertTarget::Syslog {
                address: SyslogAddress::Tcp("[::1]:514".into()),
                facility: 10
            }
        );
        assert!(matches!(
            channel("type = \"syslog\"").unwrap().target,
            AlertTarget::Syslog {
                address: SyslogAddress::Unix(_),
                facility: 1
            }
        ));
        assert!(matches!(
            channel("type = \"journald\"").unwrap().target,
            AlertTarget::Journald { .. }
        ));
        assert!(matches!(
            channel("type = \"otlp\"\nendpoint = \"http://127.0.0.1:4318\"").unwrap().target,
            AlertTarget::Otlp(_)
        ));
    }

    #[test]
    fn what_cannot_work_is_told_and_no_address_is_repeated() {
        for (lines, said) in [
            ("", "has no `type`"),
            ("type = \"telegram\"", "`type` must be"),
            ("type = \"desktop\"\nfloor = \"info\"", "`floor` must be"),
            ("type = \"desktop\"\nremind = \"0\"", "`remind` is not a time"),
            ("type = \"desktop\"\nurl = \"https://h.example\"", "type `desktop` has no `url`"),
            ("type = \"webhook\"", "either a `url` or a `url-file`"),
            (
                "type = \"webhook\"\nurl = \"https://h.example\"\nurl-file = \"/x\"",
                "either a `url` or a `url-file`",
            ),
            ("type = \"webhook\"\nurl = \"http://h.example/SECRET\"", "`url` is not an address"),
            (
                "type = \"webhook\"\nurl = \"http://127.0.0.1.example/SECRET\"",
                "`url` is not an address",
            ),
            (
                "type = \"webhook\"\nurl = \"https://u:SECRET@h.example/\"",
                "`url` is not an address",
            ),
            ("type = \"webhook\"\nurl = \"file:///SECRET\"", "`url` is not an address"),
            ("type = \"webhook\"\nurl-file = \"hook\"", "not an absolute path"),
            ("type = \"otlp\"", "has an `endpoint`"),
            (
                "type = \"mail\"\nto = \"-oQ/tmp@example.org\"\nfrom = \"a@b.example\"",
                "no mail address",
            ),
            (
                "type = \"mail\"\nto = \"a@b.example\\nBcc: x@y.example\"\nfrom = \"a@b.example\"",
                "no mail address",
            ),
            ("type = \"mail\"\nto = []\nfrom = \"a@b.example\"", "names nobody"),
            ("type = \"mail\"\nto = \"a@b.example\"", "has `to` and `from`"),
            (
                "type = \"mail\"\nto = \"a@b.example\"\nfrom = \"a@b.example\"\nsendmail = \"msmtp\"",
                "not an absolute path",
            ),
            ("type = \"syslog\"\naddress = \"udp:host\"", "not one of a syslog server"),
            ("type = \"syslog\"\naddress = \"tcp:a b:5\"", "not one of a syslog server"),
            ("type = \"syslog\"\nfacility = \"kern\"", "`facility` must be"),
        ] {
            let error = channel(lines).unwrap_err();
            assert!(error.contains(said) && !error.contains("SECRET"), "{lines}: {error}");
        }
        assert!(channel("type = \"webhook\"\nurl = \"http://10.0.0.1/x\"\ninsecure = true").is_ok());
    }

    #[test]
    fn a_projects_channels_are_not_read_but_told() {
        let text = "[alerts.evil]\ntype = \"mail\"\nsendmail = \"/tmp/evil\"\n";
        let manifest = parse(text, Scope::Project).unwrap();
        assert!(manifest.alerts.channels.is_empty());
        let told = manifest.alerts.loosening().unwrap();
        assert_eq!((told.key.as_str(), told.asked.as_str()), ("alerts", "evil"));
        assert_eq!(parse("", Scope::Project).unwrap().alerts.loosening(), None);
    }

    #[test]
    fn the_system_wins_under_one_name_and_takes_nothing_away() {
        let of = |text: &str| parse(text, Scope::User).unwrap();
        let user = of("[alerts.ops]\ntype = \"desktop\"\n[alerts.me]\ntype = \"desktop\"\n");
        let system = of("[alerts.ops]\ntype = \"journald\"\n");
        let both = AlertTables::effective(Some(&system), Some(&user));
        assert_eq!(both.keys().collect::<Vec<_>>(), ["me", "ops"]);
        assert_eq!(both["ops"].target.kind(), "journald");
        let none = AlertTables::effective(None, None);
        assert_eq!(none["desktop"], AlertChannel::desktop());
    }

    #[test]
    fn an_address_is_not_printed() {
        let hook = channel("type = \"slack\"\nurl = \"https://h.example/SECRET\"").unwrap();
        assert!(!format!("{hook:?}").contains("SECRET"));
    }
}
