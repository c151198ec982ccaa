//! Remote servers, and bridges that clients start to reach them.

use super::{Meaning, bridged, has_variable, unclear};
use crate::clients::entry::{Header, RemoteEntry};
use crate::clients::read::template;
use crate::model::{RemoteTransport, RemoteUrl};

/// An address in the file itself.
pub(super) fn entry(entry: &RemoteEntry) -> Meaning {
    if has_variable(&entry.url) {
        return unclear("its address is filled in by the client");
    }
    match entry.url.parse::<RemoteUrl>() {
        Ok(url) => Meaning::Remote {
            url,
            transport: entry.transport,
            headers: entry.headers.clone(),
            bridge: None,
        },
        // Its text repeats no secret.
        Err(error) => unclear(error.to_string()),
    }
}

/// `mcp-remote URL [PORT] [--header "NAME: VALUE"] [--transport WAY]`.
pub(super) fn mcp_remote(args: &[String]) -> Meaning {
    let (mut url, mut headers, mut transport) = (None, Vec::new(), None);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--header" => match words.next().map(|text| header(text)) {
                Some(Some(header)) => headers.push(header),
                _ => return unclear("a header of `mcp-remote` has no name"),
            },
            "--transport" => match words.next().map(String::as_str) {
                Some("http-only" | "http-first") => transport = Some(RemoteTransport::StreamableHttp),
                Some("sse-only" | "sse-first") => transport = Some(RemoteTransport::Sse),
                _ => return unclear("`mcp-remote` is told a transport that is not known"),
            },
            "--debug" | "--silent" | "--enable-proxy" => {}
            "--host" | "--auth-timeout" => {
                words.next();
            }
            word if word.starts_with('-') => return unclear(format!("`mcp-remote` has an option that is not known: `{}`", option(word))),
            word if url.is_none() => url = Some(word.to_owned()),
            // The port that it listens on for a login.
            word if word.parse::<u16>().is_ok() => {}
            _ => return unclear("`mcp-remote` has a word that is not known"),
        }
    }
    match url {
        Some(url) => bridged(&url, transport, headers, "mcp-remote"),
        None => unclear("`mcp-remote` has no address"),
    }
}

/// `supergateway --sse URL` or `--streamableHttp URL`: its other ways serve instead of asking.
pub(super) fn supergateway(args: &[String]) -> Meaning {
    let (mut url, mut headers, mut transport) = (None, Vec::new(), None);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            way @ ("--sse" | "--streamableHttp") if url.is_none() => {
                url = words.next().cloned();
                transport = Some(if way == "--sse" {
                    RemoteTransport::Sse
                } else {
                    RemoteTransport::StreamableHttp
                });
            }
            "--header" => match words.next().map(|text| header(text)) {
                Some(Some(header)) => headers.push(header),
                _ => return unclear("a header of `supergateway` has no name"),
            },
            "--logLevel" | "--outputTransport" => {
                words.next();
            }
            word => return unclear(format!("`supergateway` has an option that is not known: `{}`", option(word))),
        }
    }
    match url {
        Some(url) => bridged(&url, transport, headers, "supergateway"),
        None => unclear("`supergateway` has no address"),
    }
}

/// The option's own name: what follows a `=` may be a secret.
pub(super) fn option(word: &str) -> String {
    word.split('=').next().unwrap_or_default().chars().take(40).collect()
}

fn header(text: &str) -> Option<Header> {
    let (name, value) = text.split_once(':')?;
    Some(Header {
        name: name.trim().to_owned(),
        template: template(value.trim()),
    })
}
