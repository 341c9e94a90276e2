//! Where in an answer the verdicts stand, and what their words mean.

use std::collections::{BTreeMap, BTreeSet};

use seawall_core::{Algorithm, Hash};
use serde::Deserialize;
use serde_json::Value;

use super::{Nearness, Verdict};
use crate::description::{DescriptionError, Encoding, Place, rule};
use crate::feed::FeedError;
use crate::json;

/// The verdicts of an answer: `[lookups.answers]`. Words are compared without regard to the case
/// of ASCII letters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerFields {
    /// Where they stand; the whole answer where nothing is said.
    #[serde(default)]
    pub at: Place,
    /// How they are told apart.
    pub kind: AnswerKind,
    /// With `kind = "named"`: where in a verdict the hash stands that it is about.
    #[serde(default)]
    pub value: Option<Place>,
    /// Where in a verdict the class stands.
    pub class: Place,
    /// The classes that mean that it is known.
    pub matches: Vec<String>,
    /// The classes that mean that it is not. A class that stands in neither list is told as
    /// unknown, never as no match.
    pub no_match: Vec<String>,
    /// Whether a hash that the answer does not mention is not known. Where nothing is said, it
    /// is unanswered.
    #[serde(default)]
    pub absent_is_no_match: bool,
    /// Where in a verdict it stands how near the match is.
    #[serde(default)]
    pub nearness: Option<Place>,
    /// The words for the same file.
    #[serde(default)]
    pub exact: Vec<String>,
    /// The words for a picture that looks alike.
    #[serde(default)]
    pub near: Vec<String>,
}

/// How the verdicts of an answer are told apart: `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// `by_value`: an object with a field for each hash, named as the hash was written.
    ByValue,
    /// `in_order`: an array with one verdict for each hash, in the order of the request.
    InOrder,
    /// `named`: an array of verdicts that each name their hash, at `value`.
    Named,
    /// `single`: one verdict, for the one hash that was asked about.
    Single,
}

impl AnswerFields {
    pub(super) fn check(&self, batch_max: usize) -> Result<(), DescriptionError> {
        let section = "lookups.answers";
        let is_named = self.kind == AnswerKind::Named;
        rule(
            is_named == self.value.is_some(),
            section,
            "value goes with kind = \"named\", and the other way round",
        )?;
        let fits = self.kind != AnswerKind::Single || batch_max == 1;
        rule(fits, section, "kind = \"single\" needs batch_max = 1")?;
        let has_words = !self.matches.is_empty();
        rule(has_words, section, "matches names at least one class")?;
        let is_told = !self.no_match.is_empty() || self.absent_is_no_match;
        rule(
            is_told,
            section,
            "no_match names at least one class, or absent_is_no_match is true",
        )?;
        let is_both = self
            .matches
            .iter()
            .any(|class| is_one_of(&self.no_match, class));
        rule(
            !is_both,
            section,
            "a class stands in matches or in no_match, not in both",
        )
    }

    /// A verdict for each hash that was asked about, in the same order.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where nothing of the shape stands where the verdicts belong.
    pub(super) fn read(
        &self,
        document: &Value,
        asked: &[Hash],
        encoding: Encoding,
    ) -> Result<Vec<Verdict>, FeedError> {
        let missing = || json::unreadable("no verdicts stand where they belong");
        let found = self.at.find(document).ok_or_else(missing)?;
        let by_name = |named: &mut dyn Iterator<Item = (String, &Value)>| {
            let mut found = self.by_hash(named, asked, encoding);
            let mut of = |hash| found.remove(hash).unwrap_or_else(|| self.verdict(None));
            asked.iter().map(&mut of).collect()
        };
        match self.kind {
            AnswerKind::Single => Ok(asked.iter().map(|_| self.verdict(Some(found))).collect()),
            AnswerKind::InOrder => {
                let array = found.as_array().ok_or_else(missing)?;
                if array.len() != asked.len() {
                    let what = "there are more or fewer verdicts than hashes were asked about";
                    return Err(json::unreadable(what));
                }
                Ok(array
                    .iter()
                    .map(|value| self.verdict(Some(value)))
                    .collect())
            }
            AnswerKind::ByValue => {
                let fields = found.as_object().ok_or_else(missing)?;
                let mut named = fields.iter().map(|(name, value)| (name.clone(), value));
                Ok(by_name(&mut named))
            }
            AnswerKind::Named => {
                let array = found.as_array().ok_or_else(missing)?;
                let name = |value| self.value.as_ref()?.find(value).and_then(json::text);
                let mut named = array.iter().filter_map(|value| Some((name(value)?, value)));
                Ok(by_name(&mut named))
            }
        }
    }

    /// The verdicts by the hash that their names write, of whichever kind that was asked about.
    /// Of several about one hash, the gravest stands.
    fn by_hash(
        &self,
        named: &mut dyn Iterator<Item = (String, &Value)>,
        asked: &[Hash],
        encoding: Encoding,
    ) -> BTreeMap<Hash, Verdict> {
        let kinds: BTreeSet<Algorithm> = asked.iter().map(Hash::algorithm).collect();
        let mut found: BTreeMap<Hash, Verdict> = BTreeMap::new();
        for (name, value) in named {
            let verdict = self.verdict(Some(value));
            let read = |&kind: &Algorithm| encoding.read(kind, &name);
            for hash in kinds.iter().filter_map(read) {
                let gravest = found.entry(hash).or_insert_with(|| verdict.clone());
                if gravity(&verdict) > gravity(gravest) {
                    *gravest = verdict.clone();
                }
            }
        }
        found
    }

    fn verdict(&self, value: Option<&Value>) -> Verdict {
        let Some(value) = value else {
            return if self.absent_is_no_match {
                Verdict::NoMatch
            } else {
                Verdict::Unanswered
            };
        };
        let Some(class) = self.class.find(value).and_then(json::text) else {
            return Verdict::Unanswered;
        };
        if is_one_of(&self.matches, &class) {
            let nearness = self.nearness(value);
            Verdict::Match { class, nearness }
        } else if is_one_of(&self.no_match, &class) {
            Verdict::NoMatch
        } else {
            Verdict::UnknownClass { class }
        }
    }

    fn nearness(&self, value: &Value) -> Nearness {
        let word = self
            .nearness
            .as_ref()
            .and_then(|place| place.find(value))
            .and_then(json::text);
        match word {
            Some(word) if is_one_of(&self.exact, &word) => Nearness::Exact,
            Some(word) if is_one_of(&self.near, &word) => Nearness::Near,
            Some(_) | None => Nearness::Unstated,
        }
    }
}

fn gravity(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::NoMatch => 0,
        Verdict::Unanswered => 1,
        Verdict::UnknownClass { .. } => 2,
        Verdict::Match { .. } => 3,
    }
}

fn is_one_of(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}
