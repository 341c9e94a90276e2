//! Messages to the platform: signed, written with the change they tell of, sent until they
//! are accepted or given up.
//!
//! A receiver checks `Seawall-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA-256, under
//! the shared secret, of `SECONDS.BODY`; and it notices repetitions by `Seawall-Message`.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method, header};
use seawall_casework::audit::EventDraft;
use seawall_core::{Actor, EventKind};
use seawall_egress::{EgressLimits, Reach, Request};
use seawall_store::{Change, Message, StoreError};
use sha2::Sha256;
use url::Url;

use crate::Workflow;

/// Where messages go.
#[derive(Clone)]
pub struct Webhook {
    /// The address, as the operator configured it.
    pub url: Url,
    /// The shared secret.
    pub secret: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

impl Workflow {
    /// Whether messages go anywhere.
    #[must_use]
    pub fn has_webhook(&self) -> bool {
        self.webhook.is_some()
    }

    /// Sends every message that is due. Returns how many were accepted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deliver_messages(&self) -> Result<usize, StoreError> {
        let Some(webhook) = &self.webhook else {
            return Ok(0);
        };
        let mut accepted = 0;
        let due = self
            .store
            .read(|reader| reader.due_messages(self.clock.now(), PAGE))?;
        for message in due {
            let is_accepted = self.send_message(webhook, &message).await;
            accepted += usize::from(is_accepted);
            self.record_attempt(&message, is_accepted)?;
        }
        Ok(accepted)
    }

    async fn send_message(&self, webhook: &Webhook, message: &Message) -> bool {
        let seconds = self.clock.now().as_millis() / 1_000;
        let signature = format!(
            "t={seconds},v1={}",
            sign(&webhook.secret, seconds, &message.body)
        );
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            headers.insert(
                name,
                HeaderValue::from_str(value).expect("digits and letters"),
            );
        };
        set("seawall-signature", &signature);
        set("seawall-message", &message.id.to_string());
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let request = Request {
            method: Method::POST,
            url: webhook.url.clone(),
            headers,
            body: Bytes::from(message.body.clone()),
            reach: Reach::Operator,
            limits: EgressLimits {
                total_ms: 10_000,
                ..EgressLimits::default()
            },
        };
        match self.egress.send(request).await {
            Ok(answer) => {
                let status = answer.status.as_u16();
                if !answer.status.is_success() {
                    tracing::warn!(status, "a webhook message was answered, but not accepted");
                }
                answer.status.is_success()
            }
            Err(error) => {
                tracing::warn!(%error, "a webhook message could not be sent");
                false
            }
        }
    }

    fn record_attempt(&self, message: &Message, accepted: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        let attempts = message.attempts + 1;
        let next_at = (attempts < ATTEMPTS_MAX).then(|| now.plus_millis(pause_ms(attempts)));
        let kind = match (accepted, next_at) {
            (true, _) => EventKind::MessageDelivered,
            (false, Some(_)) => EventKind::MessageAttempted,
            (false, None) => EventKind::MessageFailed,
        };
        let event = EventDraft::new(kind, Actor::System)
            .about(message.id)
            .with("attempts", attempts);
        self.store.write(now, |tx| {
            if accepted {
                tx.deliver_message(message.id)?;
            } else {
                tx.fail_message(message.id, next_at)?;
            }
            Ok(Change::new(()).event(event))
        })
    }
}

/// One second after the first failure, then twice as long each time, at most an hour.
fn pause_ms(attempts: u32) -> i64 {
    (1_000_i64 << attempts.saturating_sub(1).min(12)).min(3_600_000)
}

fn sign(secret: &str, seconds: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

const PAGE: u32 = 100;
/// With these pauses the last attempt comes about nine hours after the first.
const ATTEMPTS_MAX: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn the_signature_is_what_the_documentation_says() {
        assert_eq!(
            sign("secret", 1_700_000_000, r#"{"a":1}"#),
            "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
        );
    }

    #[test]
    fn pauses_grow_to_an_hour() {
        assert_eq!(
            [1, 2, 3, 20].map(pause_ms),
            [1_000, 2_000, 4_000, 3_600_000]
        );
    }
}
