//! `[webhook]`: where messages about cases and decisions go.

use std::path::{Path, PathBuf};

use seawall_workflow::Webhook;
use serde::Deserialize;
use url::Url;

use super::{ConfigError, read_secret};

/// Where messages go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address.
    pub url: Url,
    /// A file that holds the shared secret and nothing else.
    pub secret_file: PathBuf,
}

impl WebhookConfig {
    /// The webhook, with its secret read.
    ///
    /// # Errors
    /// [`ConfigError`] where the secret cannot be read.
    pub fn webhook(&self, base: &Path) -> Result<Webhook, ConfigError> {
        let secret = read_secret("webhook.secret_file", &base.join(&self.secret_file))?;
        Ok(Webhook {
            url: self.url.clone(),
            secret,
        })
    }
}
