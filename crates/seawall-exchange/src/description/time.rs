//! How a partner writes times.

use seawall_core::Timestamp;
use serde::Deserialize;

/// How a partner writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Seconds since 1970-01-01T00:00:00Z, whole or not.
    UnixSeconds,
    /// Milliseconds since then.
    UnixMillis,
    /// RFC 3339, with a zone.
    Rfc3339,
}

impl TimeFormat {
    /// Reads a time; `None` where the text is none.
    pub(crate) fn read(self, text: &str) -> Option<Timestamp> {
        let scale = match self {
            Self::UnixSeconds => 1000,
            Self::UnixMillis => 1,
            Self::Rfc3339 => return text.parse().ok(),
        };
        if let Ok(whole) = text.parse::<i64>() {
            return Some(Timestamp::from_millis(whole.saturating_mul(scale)));
        }
        let ms = text.parse::<f64>().ok()? * f64::from(i32::try_from(scale).ok()?);
        // A cast from a float holds at the ends of the range, and takes no number for 0.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it holds at the ends of the range"
        )]
        ms.is_finite()
            .then(|| Timestamp::from_millis(ms.floor() as i64))
    }

    /// The time as the partner writes it.
    pub(crate) fn write(self, time: Timestamp) -> String {
        match self {
            Self::UnixSeconds => time.as_millis().div_euclid(1000).to_string(),
            Self::UnixMillis => time.as_millis().to_string(),
            Self::Rfc3339 => time.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_read_and_written() {
        let ms = |format: TimeFormat, text| format.read(text).map(Timestamp::as_millis);
        assert_eq!(
            ms(TimeFormat::UnixSeconds, "1704085200"),
            Some(1_704_085_200_000)
        );
        assert_eq!(
            ms(TimeFormat::UnixSeconds, "1704085200.25"),
            Some(1_704_085_200_250)
        );
        assert_eq!(ms(TimeFormat::UnixSeconds, "-1.5"), Some(-1_500));
        assert_eq!(
            ms(TimeFormat::UnixMillis, "1704085200250"),
            Some(1_704_085_200_250)
        );
        assert_eq!(
            ms(TimeFormat::Rfc3339, "2024-01-01T05:00:00Z"),
            Some(1_704_085_200_000)
        );
        for text in ["", "soon", "NaN", "inf", "1e999"] {
            for format in [
                TimeFormat::UnixSeconds,
                TimeFormat::UnixMillis,
                TimeFormat::Rfc3339,
            ] {
                assert_eq!(ms(format, text), None, "{text}");
            }
        }
        let time = Timestamp::from_millis(1_704_085_200_250);
        assert_eq!(TimeFormat::UnixSeconds.write(time), "1704085200");
        assert_eq!(TimeFormat::UnixMillis.write(time), "1704085200250");
        assert_eq!(TimeFormat::Rfc3339.write(time), "2024-01-01T05:00:00.250Z");
    }
}
