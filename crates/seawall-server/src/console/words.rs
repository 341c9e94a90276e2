//! Times, distances and foreign texts in words.

use seawall_core::{Algorithm, Timestamp};
use seawall_store::MatchRow;

use super::texts::Texts;

/// A time as people read it, in UTC, to the second.
pub(super) struct Moment {
    /// For the element's `datetime`.
    pub(super) machine: String,
    /// For people.
    pub(super) people: String,
}

impl Moment {
    pub(super) fn new(t: &Texts, at: Timestamp) -> Self {
        let machine = at.to_string();
        let (day, time) = (machine.get(..10), machine.get(11..19));
        let args = [
            ("day", day.unwrap_or_default().into()),
            ("time", time.unwrap_or_default().into()),
        ];
        Self {
            people: t.fill("moment-utc", args),
            machine,
        }
    }
}

/// A span of time, to the minute.
pub(super) fn span(t: &Texts, ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    let (hours, days) = (minutes / 60, minutes / 60 / 24);
    match (days, hours) {
        (0, 0) if minutes == 0 => t.text("span-now"),
        (0, 0) => t.fill("span-minutes", [("minutes", minutes.into())]),
        (0, _) => t.fill(
            "span-hours",
            [("hours", hours.into()), ("minutes", (minutes % 60).into())],
        ),
        _ => t.fill(
            "span-days",
            [("days", days.into()), ("hours", (hours % 24).into())],
        ),
    }
}

/// How far a match is from the listed hash, in words. A digest is equal or it is no match.
pub(super) fn distance(t: &Texts, found: &MatchRow) -> String {
    match found.algorithm {
        Algorithm::Pdq => bits(t, found.distance.0),
        Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 => t.text("distance-exact"),
    }
}

/// A number of differing bits, in words.
pub(super) fn bits(t: &Texts, bits: u16) -> String {
    t.fill("distance-bits", [("bits", bits.into())])
}

/// A count of bytes, to three digits or so.
pub(super) fn bytes(t: &Texts, bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => t.fill("bytes-plain", [("count", bytes.into())]),
        1_000..1_000_000 => t.fill("bytes-kilo", [("count", tenths(1_000).into())]),
        _ => t.fill("bytes-mega", [("count", tenths(1_000_000).into())]),
    }
}

/// Text from outside, made visible: control characters and those that change the direction of
/// writing become names, so that what is read is what was sent. Markup is escaped by the page.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\u{1f}' => {
                shown.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{2426}'))
            }
            '\u{7f}' => shown.push('\u{2421}'),
            _ if is_hidden(c) => shown.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c))),
            _ => shown.push(c),
        }
    }
    shown
}

/// Characters that show nothing of their own and can make a text look like another. The two
/// joiners stay: Persian and Indic words need them.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_become_visible() {
        assert_eq!(visible("a\u{7}b\n\0"), "a\u{2407}b\u{240a}\u{2400}");
        assert_eq!(visible("gpj.\u{202e}exe"), "gpj.\u{27e8}U+202E\u{27e9}exe");
        assert_eq!(visible("\u{7f}\u{85}"), "\u{2421}\u{27e8}U+0085\u{27e9}");
        let honest = "фото 사진 é نمی\u{200c}خواهم <b>\"&'";
        assert_eq!(visible(honest), honest);
    }

    #[test]
    fn spans_are_told_to_the_minute() {
        let t = Texts::english();
        assert_eq!(span(t, -5), "under 1 min");
        assert_eq!(span(t, 59_999), "under 1 min");
        assert_eq!(span(t, 60_000), "1 min");
        assert_eq!(span(t, 3_600_000 * 3 + 60_000 * 7), "3 h 7 min");
        assert_eq!(span(t, 86_400_000 * 2 + 3_600_000), "2 days 1 h");
    }

    #[test]
    fn sizes_are_told_in_fitting_units() {
        let t = Texts::english();
        assert_eq!(bytes(t, 999), "999 bytes");
        assert_eq!(bytes(t, 12_345), "12.3 kB");
        assert_eq!(bytes(t, 3_980_000), "3.9 MB");
    }

    #[test]
    fn a_moment_names_its_zone() {
        let moment = Moment::new(Texts::english(), Timestamp::from_millis(1_769_851_800_000));
        assert_eq!(moment.machine, "2026-01-31T09:30:00.000Z");
        assert_eq!(moment.people, "2026-01-31 09:30:00 UTC");
    }
}
