//! Requests with the token that there is.
//!
//! The attack: a server that says "not you" to get another token, or the same one sent elsewhere: it is
//! asked once more at most, and a token only ever goes to its own origin.

use super::HttpError;
use super::connection::Inner;
use crate::mcp::oauth::{AccessToken, Next, OAuthError, challenge_of};
use crate::net::remote::{Answer, Ask};

impl Inner {
    /// Asks with the token that there is, and once more with another where it is refused.
    pub(super) async fn authorized(&self, ask: Ask<'_>) -> Result<Answer, HttpError> {
        let Some(authorizer) = &self.authorizer else {
            return Ok(Box::pin(self.network.ask(ask)).await?);
        };
        let token = match Box::pin(authorizer.token()).await {
            Err(OAuthError::LoginNeeded { .. }) => None,
            other => Some(other?),
        };
        let answer = self.with_token(ask.clone(), token.as_ref()).await?;
        if !matches!(answer.status(), 401 | 403) {
            return Ok(answer);
        }
        let said = challenge_of(answer.headers());
        match Box::pin(authorizer.refused(answer.status(), said.as_deref(), token.as_ref())).await {
            Next::Retry => {
                let token = Box::pin(authorizer.token()).await?;
                self.with_token(ask, Some(&token)).await
            }
            Next::Failed(OAuthError::Denied { .. }) => Ok(answer),
            Next::Failed(OAuthError::LoginNeeded { .. }) if said.is_none() && token.is_none() => Ok(answer),
            Next::Failed(error) => Err(error.into()),
        }
    }

    async fn with_token(&self, ask: Ask<'_>, token: Option<&AccessToken>) -> Result<Answer, HttpError> {
        let auth = token.map(|token| token.for_url(ask.url)).transpose()?;
        Ok(Box::pin(self.network.ask(Ask { auth, ..ask })).await?)
    }
}
