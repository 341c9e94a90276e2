//! How often one caller may ask: in a minute, and in a day.
//!
//! Counted in memory, in fixed windows of UTC: a restart begins anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use seawall_core::{Timestamp, TokenId};

use crate::config::{CallerLimits, CallersLimits};

/// Counts what callers ask.
pub struct Quotas {
    limits: CallersLimits,
    used: Mutex<HashMap<CallerKey, Used>>,
}

/// Whom a count belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CallerKey {
    /// A program with a token.
    Token(TokenId),
    /// One that is let in by its network.
    Address(IpAddr),
}

/// Requests in the window that began at each of these times.
#[derive(Clone, Copy, Default)]
struct Used {
    minute: Window,
    day: Window,
}

#[derive(Clone, Copy, Default)]
struct Window {
    number: i64,
    requests: u64,
}

impl Quotas {
    /// Counts against these limits.
    #[must_use]
    pub fn new(limits: CallersLimits) -> Self {
        Self {
            limits,
            used: Mutex::new(HashMap::new()),
        }
    }

    /// Counts one request. `name` is the token's, for limits of its own.
    ///
    /// # Errors
    /// The seconds until the caller may ask again, where it asked too often.
    pub(crate) fn admit(
        &self,
        key: CallerKey,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<(), u64> {
        let limits = self.limits.of(name);
        if limits == CallerLimits::default() {
            return Ok(());
        }
        let now_ms = now.as_millis();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= CALLERS_MAX {
            // Whoever has not asked today has nothing to be counted.
            used.retain(|_, used| used.day.number == now_ms.div_euclid(DAY_MS));
        }
        let used = used.entry(key).or_default();
        for (window, limit, length_ms) in [
            (&mut used.minute, limits.per_minute, MINUTE_MS),
            (&mut used.day, limits.per_day, DAY_MS),
        ] {
            let number = now_ms.div_euclid(length_ms);
            if window.number != number {
                *window = Window {
                    number,
                    requests: 0,
                };
            }
            if limit.is_some_and(|limit| window.requests >= limit) {
                let left_ms = (number + 1) * length_ms - now_ms;
                return Err(left_ms.unsigned_abs().div_ceil(1000));
            }
        }
        used.minute.requests += 1;
        used.day.requests += 1;
        Ok(())
    }
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const CALLERS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_268_800_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(NOON + seconds * 1000)
    }

    fn key(number: u8) -> CallerKey {
        CallerKey::Address(IpAddr::from([10, 0, 0, number]))
    }

    fn quotas(per_minute: Option<u64>, per_day: Option<u64>) -> Quotas {
        let own = CallerLimits {
            per_minute: Some(1),
            per_day: None,
        };
        Quotas::new(CallersLimits {
            per_minute,
            per_day,
            tokens: [("small".to_owned(), own)].into(),
        })
    }

    #[test]
    fn a_minute_and_a_day_end_and_what_was_refused_does_not_count() {
        let quotas = quotas(Some(3), Some(5));
        let ask = |seconds| quotas.admit(key(1), None, at(seconds));
        assert_eq!([ask(0), ask(1), ask(59)], [Ok(()); 3]);
        assert_eq!([ask(59), ask(59)], [Err(1); 2]);
        assert_eq!([ask(60), ask(61)], [Ok(()); 2]);
        assert_eq!(ask(120), Err(12 * 3600 - 120));
        assert_eq!(ask(12 * 3600), Ok(()));
    }

    #[test]
    fn callers_have_counts_of_their_own_and_tokens_limits() {
        let quotas = quotas(Some(2), None);
        for number in 0..50 {
            assert_eq!(quotas.admit(key(number), None, at(0)), Ok(()));
        }
        assert_eq!(quotas.admit(key(200), Some("small"), at(10)), Ok(()));
        assert_eq!(quotas.admit(key(200), Some("small"), at(10)), Err(50));
        assert_eq!(quotas.admit(key(1), Some("other"), at(10)), Ok(()));
    }

    #[test]
    fn without_limits_nothing_is_counted() {
        let quotas = Quotas::new(CallersLimits::default());
        for _ in 0..100 {
            assert_eq!(quotas.admit(key(1), None, at(0)), Ok(()));
        }
        assert!(quotas.used.lock().expect("whole").is_empty());
    }
}
