//! The transport of 2024-11-05: one stream, whose first event names where to post.
//!
//! The attack: an endpoint of another origin, which would get the token.

use std::sync::Arc;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Url};

use super::HttpError;
use super::connection::{Inner, STREAM};
use super::events::EventReader;

impl Inner {
    /// The old transport's one stream: its first event names where to post.
    pub(super) async fn stream(self: Arc<Self>) {
        let end = self.old_stream().await.err().unwrap_or(HttpError::NoAnswer);
        if self.endpoint.borrow().is_none() {
            self.endpoint.send_replace(Some(Err(end)));
        } else {
            self.fail(None, end).await;
        }
    }

    async fn old_stream(&self) -> Result<(), HttpError> {
        let mut headers = self.headers(None);
        headers.insert(ACCEPT, HeaderValue::from_static(STREAM));
        let ask = self.ask(Method::GET, &self.url, headers, self.terms.notice);
        let mut answer = self.authorized(ask).await?;
        match answer.status() {
            200 => {}
            status @ (401 | 403) => return Err(HttpError::Unauthorized(status)),
            status => return Err(HttpError::Status(status)),
        }
        let mut reader = EventReader::new(self.terms.frame);
        while let Some(chunk) = answer.chunk(u64::MAX).await? {
            for event in reader.push(&chunk).map_err(|error| HttpError::TooLarge(error.0))? {
                match event.name.as_str() {
                    "endpoint" if self.endpoint.borrow().is_none() => {
                        let named = std::str::from_utf8(&event.data).ok().and_then(|text| self.url.join(text).ok());
                        let named = named.filter(|named| named.username().is_empty() && named.password().is_none());
                        let named = named.ok_or(HttpError::NoEndpoint)?;
                        if named.origin() != self.url.origin() {
                            return Err(HttpError::ForeignEndpoint);
                        }
                        self.endpoint.send_replace(Some(Ok(named)));
                    }
                    "" | "message" => self.frame(event.data).await,
                    _ => {}
                }
            }
        }
        Err(HttpError::NoAnswer)
    }

    pub(super) async fn endpoint(&self) -> Result<Url, HttpError> {
        let mut named = self.endpoint.subscribe();
        let named = tokio::time::timeout(self.terms.notice, named.wait_for(Option::is_some)).await;
        match named {
            Ok(Ok(named)) => named.clone().unwrap_or(Err(HttpError::NoEndpoint)),
            _ => Err(HttpError::NoEndpoint),
        }
    }
}
