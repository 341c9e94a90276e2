//! How an exchange goes: how old its list is, and whether that is too old.

use seawall_core::Timestamp;

use super::ExchangeStatus;

impl ExchangeStatus {
    /// How old the list is, in milliseconds: how long ago it was last read up to the present, or
    /// how long ago the exchange was set up where that never happened.
    #[must_use]
    pub fn lag_ms(&self, now: Timestamp) -> i64 {
        let exchange = &self.exchange;
        let read_at = exchange.succeeded_at.unwrap_or(exchange.created_at);
        now.millis_since(read_at).max(0)
    }

    /// From which age on, in milliseconds, the list is stale: three times its interval, and a day
    /// at least. `None` for an exchange that nobody wants to be read any more: it is not in the
    /// configuration.
    ///
    /// One run may fail without anybody having to do something, and so may two; a partner that is
    /// away for a night usually comes back by itself.
    #[must_use]
    pub fn stale_after_ms(&self) -> Option<i64> {
        let every_ms = self.every_ms?;
        Some(every_ms.saturating_mul(INTERVALS_MISSED).max(DAY_MS))
    }

    /// Whether the list is older than that. It is too where a person paused the exchange: a pause
    /// that was forgotten ages a list like any failure.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let after_ms = self.stale_after_ms();
        after_ms.is_some_and(|after_ms| self.lag_ms(now) > after_ms)
    }

    /// Whether somebody reads the list now, or died within the last minutes while reading it.
    #[must_use]
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.exchange.lease_until > now
    }
}

const INTERVALS_MISSED: i64 = 3;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
