//! The normal form of a text.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;

/// A text in normal form C, in which a letter with an accent is one character where Unicode
/// has it, however it was typed. Every text has one: nothing is refused, nothing else is folded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NormalText(String);

impl NormalText {
    /// Puts a text into its normal form.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let composing = ComposingNormalizerBorrowed::new_nfc();
        Self(composing.normalize(text).into_owned())
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many characters of this listed text may differ where `percent` of them may, rounded
    /// down. Partners that exchange texts use 5.
    #[must_use]
    pub fn allowance_chars(&self, percent: u8) -> usize {
        let chars = self.0.chars().count();
        chars / 100 * usize::from(percent) + chars % 100 * usize::from(percent) / 100
    }

    /// How many characters have to be put in, taken out or replaced to turn one text into the
    /// other (Levenshtein's distance), where that is no more than `chars_max`. The time taken
    /// grows with the length of the texts times `chars_max`.
    #[must_use]
    pub fn distance_chars(&self, other: &Self, chars_max: usize) -> Option<usize> {
        let rows: Vec<char> = self.0.chars().collect();
        let columns: Vec<char> = other.0.chars().collect();
        if rows.len().abs_diff(columns.len()) > chars_max {
            return None;
        }
        distance_within(&rows, &columns, chars_max)
    }
}

/// A listed or a posted text is nothing for a log.
impl fmt::Debug for NormalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NormalText({} bytes)", self.0.len())
    }
}

/// The table of distances between all beginnings, row by row; of each row only the fields that
/// lie near enough to the diagonal to count.
fn distance_within(rows: &[char], columns: &[char], max: usize) -> Option<usize> {
    let beyond = max.saturating_add(1);
    let mut above: Vec<usize> = (0..=columns.len()).map(|at| at.min(beyond)).collect();
    let mut row = vec![beyond; above.len()];
    for (y, wanted) in rows.iter().enumerate() {
        let first = (y + 1).saturating_sub(max);
        let last = (y + 1).saturating_add(max).min(columns.len());
        // Left of the stretch lies what an earlier row wrote; right of it nothing was written yet.
        row[first.saturating_sub(1)] = beyond;
        if first == 0 {
            row[0] = (y + 1).min(beyond);
        }
        for x in first.max(1)..=last {
            let replaced = above[x - 1] + usize::from(columns[x - 1] != *wanted);
            let shifted = above[x].min(row[x - 1]) + 1;
            row[x] = replaced.min(shifted).min(beyond);
        }
        std::mem::swap(&mut above, &mut row);
    }
    above.last().copied().filter(|&distance| distance <= max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance(a: &str, b: &str) -> Option<usize> {
        NormalText::new(a).distance_chars(&NormalText::new(b), usize::MAX)
    }

    /// The bank and the texts of SW-A40.
    #[test]
    fn a40_composed_and_decomposed_texts_are_equal_and_any_script_works() {
        let bank = [
            "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{30c6}\u{30ad}\u{30b9}\u{30c8}",
            "caf\u{e9} au lait s'il vous pla\u{ee}t",
        ];
        let same = [
            "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{30c6}\u{30ad}\u{30b9}\u{30c8}",
            "cafe\u{301} au lait s'il vous plai\u{302}t",
        ];
        for (listed, text) in bank.iter().zip(same) {
            assert_eq!(NormalText::new(listed), NormalText::new(text));
        }
        let other = NormalText::new("a plain english sentence");
        for listed in bank.map(NormalText::new) {
            assert_eq!(
                listed.distance_chars(&other, listed.allowance_chars(5)),
                None
            );
        }
    }

    /// Source: Unicode Standard Annex 15, figures 3 to 5, and the composition of Hangul.
    #[test]
    fn normal_forms_are_those_of_the_standard() {
        for (text, normal) in [
            ("\u{212b}", "\u{c5}"),
            ("A\u{30a}", "\u{c5}"),
            ("\u{2126}", "\u{3a9}"),
            ("\u{1e9b}\u{323}", "\u{1e9b}\u{323}"),
            ("s\u{307}\u{323}", "\u{1e69}"),
            ("\u{1e0b}\u{323}", "\u{1e0d}\u{307}"),
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
            ("\u{1100}\u{1161}\u{11a8}", "\u{ac01}"),
            // No compatibility folding, and no case folding.
            ("\u{fb01}", "\u{fb01}"),
            ("\u{ff21}", "\u{ff21}"),
            ("A", "A"),
        ] {
            assert_eq!(NormalText::new(text).as_str(), normal, "{text:?}");
        }
    }

    #[test]
    fn distances_are_counted_in_characters() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("saturday", "sunday", 3),
            ("\u{65e5}\u{672c}", "\u{65e5}\u{8a9e}", 1),
            ("\u{1f600}x", "\u{1f601}x", 1),
            ("e\u{301}", "e", 1),
        ] {
            assert_eq!(distance(a, b), Some(expected), "{a:?} {b:?}");
            assert_eq!(distance(b, a), Some(expected), "{b:?} {a:?}");
        }
    }

    /// Both ends of the stretch of a row that counts: what lies outside is never taken up.
    #[test]
    fn a_distance_beyond_the_limit_is_none() {
        for (a, b, max) in [
            ("aab", "ac", 1),
            ("ac", "aab", 1),
            ("aabb", "ac", 2),
            ("ab", "ba", 1),
        ] {
            let (one, other) = (NormalText::new(a), NormalText::new(b));
            assert_eq!(one.distance_chars(&other, max), None, "{a} {b}");
            let whole = distance(a, b).expect("no limit");
            assert!(whole > max && one.distance_chars(&other, whole) == Some(whole));
        }
    }

    #[test]
    fn a_share_of_a_text_is_rounded_down() {
        let text = NormalText::new(&"\u{e9}".repeat(119));
        for (percent, chars) in [(0, 0), (1, 1), (5, 5), (100, 119)] {
            assert_eq!(text.allowance_chars(percent), chars);
        }
    }

    #[test]
    fn a_text_does_not_appear_in_debug_output() {
        assert!(!format!("{:?}", NormalText::new("secret")).contains("secret"));
    }

    /// The whole table, as the definition has it.
    fn table(a: &[char], b: &[char]) -> usize {
        let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
        for y in 0..=a.len() {
            for x in 0..=b.len() {
                rows[y][x] = match (y, x) {
                    (0, x) => x,
                    (y, 0) => y,
                    (y, x) => {
                        let replaced = rows[y - 1][x - 1] + usize::from(a[y - 1] != b[x - 1]);
                        replaced.min(rows[y - 1][x] + 1).min(rows[y][x - 1] + 1)
                    }
                };
            }
        }
        rows[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn a_distance_is_that_of_the_whole_table_or_beyond_the_limit(
            a in "[ab\u{e9}]{0,9}", b in "[ab\u{e9}]{0,9}", max in 0..5_usize,
        ) {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let whole = table(&chars(&a), &chars(&b));
            let found = NormalText::new(&a).distance_chars(&NormalText::new(&b), max);
            prop_assert_eq!(found, (whole <= max).then_some(whole));
        }

        #[test]
        fn every_text_has_a_normal_form_that_stays(text: String) {
            let normal = NormalText::new(&text);
            prop_assert_eq!(NormalText::new(normal.as_str()), normal);
        }
    }
}
