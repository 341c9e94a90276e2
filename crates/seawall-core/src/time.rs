//! Points in time, in UTC, and the clock that tells them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
///
/// Written and read as RFC 3339, in UTC, with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 time, or one outside the years 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading a time: expected RFC 3339 with a zone, such as 2026-01-31T09:30:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// The time that is `ms` milliseconds after the epoch, held within the years 0001 to 9999.
    #[must_use]
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(MILLIS_MIN, MILLIS_MAX))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This time moved by `ms` milliseconds (either way).
    #[must_use]
    pub fn plus_millis(self, ms: i64) -> Self {
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time; negative if `earlier` is later.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0)
            .expect("the constructor keeps the value within the range that can be written");
        write!(f, "{time:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        let ms = time.as_millisecond();
        if (MILLIS_MIN..=MILLIS_MAX).contains(&ms) {
            Ok(Self(ms))
        } else {
            Err(TimestampError)
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

/// Tells the time. Production reads the system clock; tests hold a clock they move.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// 0001-01-01T00:00:00Z.
const MILLIS_MIN: i64 = -62_135_596_800_000;
/// 9999-12-30T00:00:00Z: a day inside what the calendar library can hold in every zone.
const MILLIS_MAX: i64 = 253_402_128_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_rfc_3339_in_utc() {
        let time: Timestamp = "2026-11-25T23:00:00.5+01:00".parse().expect("valid");
        assert_eq!(time.to_string(), "2026-11-25T22:00:00.500Z");
        assert_eq!(time.as_millis(), 1_795_644_000_500);
    }

    #[test]
    fn a_time_without_a_zone_is_refused() {
        assert_eq!(
            "2026-11-25T23:00:00".parse::<Timestamp>(),
            Err(TimestampError)
        );
    }

    proptest::proptest! {
        #[test]
        fn every_time_survives_its_text_form(ms in proptest::num::i64::ANY) {
            let time = Timestamp::from_millis(ms);
            proptest::prop_assert_eq!(time.to_string().parse::<Timestamp>(), Ok(time));
        }
    }
}
