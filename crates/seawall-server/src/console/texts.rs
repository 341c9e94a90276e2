//! What people read, from the Fluent catalogue.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

/// The texts of one language.
pub(super) struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// The English catalogue.
    pub(super) fn english() -> &'static Self {
        &ENGLISH
    }

    /// The language, for the page's `lang`.
    pub(super) fn lang(&self) -> &'static str {
        "en"
    }

    /// The writing direction, for the page's `dir`.
    pub(super) fn dir(&self) -> &'static str {
        "ltr"
    }

    /// The text with this key. An unknown key shows, in brackets; a test finds it first.
    pub(super) fn text(&self, key: &str) -> String {
        self.fill(key, [])
    }

    /// The text with this key, its places filled.
    pub(super) fn fill<const N: usize>(
        &self,
        key: &str,
        args: [(&str, FluentValue<'_>); N],
    ) -> String {
        let Some(pattern) = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value())
        else {
            return format!("\u{27e6}{key}\u{27e7}");
        };
        let args: FluentArgs<'_> = args.into_iter().collect();
        self.bundle
            .format_pattern(pattern, Some(&args), &mut Vec::new())
            .into_owned()
    }

    /// The text for one value of a family, such as `role` and `admin`. Keys are in lower case,
    /// with dashes.
    pub(super) fn of(&self, family: &str, name: &str) -> String {
        self.text(&key_of(family, name))
    }

    /// As [`Texts::of`]; `None` where the catalogue does not know the value.
    pub(super) fn known(&self, family: &str, name: &str) -> Option<String> {
        let key = key_of(family, name);
        self.bundle.has_message(&key).then(|| self.text(&key))
    }
}

/// The key of one value of a family.
pub(super) fn key_of(family: &str, name: &str) -> String {
    format!("{family}-{}", name.replace(['.', '_'], "-").to_lowercase())
}

pub(super) const CATALOGUE: &str = include_str!("../../locales/en/console.ftl");

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| {
    let resource = FluentResource::try_new(CATALOGUE.to_owned())
        .expect("a test reads the catalogue that is built in");
    let mut bundle = FluentBundle::new_concurrent(vec![langid!("en")]);
    // What people typed is isolated by <bdi> in the page; marks within would be copied along.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .expect("a test finds keys that stand twice");
    Texts { bundle }
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use seawall_casework::case::Verdict;
    use seawall_casework::context::ChannelKind;
    use seawall_casework::report::CallKind;
    use seawall_core::{Algorithm, Attribute, EventKind, Manifestation, Outcome, Reason};
    use seawall_exchange::intake::QuarantineReason;
    use seawall_store::{HeldBack, RevealMode, Role};

    use super::*;
    use crate::console::fault::Fault;

    /// Keys that are put together from a value's name.
    fn family_keys() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        let mut add = |family: &str, names: &[&str]| {
            keys.extend(names.iter().map(|name| key_of(family, name)));
        };
        add("role", &Role::ALL.map(Role::name));
        add("channel", &ChannelKind::ALL.map(ChannelKind::name));
        add("outcome", &Outcome::ALL.map(Outcome::name));
        add("mode", &RevealMode::ALL.map(RevealMode::name));
        add("reveal-act", &RevealMode::ALL.map(RevealMode::name));
        add("reveal-alt", &RevealMode::ALL.map(RevealMode::name));
        add("verdict", &Verdict::ALL.map(Verdict::name));
        add("call", &CallKind::ALL.map(CallKind::name));
        add("algorithm", &Algorithm::ALL.map(Algorithm::name));
        for kind in EventKind::ALL {
            add("event", &[kind.name()]);
        }
        for manifestation in Manifestation::ALL {
            add("manifestation", &[manifestation.code()]);
        }
        for attribute in Attribute::ALL {
            add("attribute", &[attribute.code()]);
        }
        let held = QuarantineReason::ALL
            .map(HeldBack::Value)
            .map(HeldBack::name);
        add("held", &held);
        add("held", &[HeldBack::Benign.name()]);
        add("fault", &Fault::NAMES);
        add("fault-text", &Fault::NAMES);
        add("receiver", &["cybertipline", "cybertipline-stand-in"]);
        add(
            "upload-event",
            &[
                "login",
                "registration",
                "purchase",
                "upload",
                "other",
                "unknown",
            ],
        );
        add("reason", &Reason::ALL.map(Reason::name));
        keys
    }

    fn catalogue_keys() -> Vec<String> {
        CATALOGUE
            .lines()
            .filter_map(|line| line.split_once(" ="))
            .map(|(key, _)| key)
            .filter(|key| !key.starts_with([' ', '#', '}']))
            .map(str::to_owned)
            .collect()
    }

    /// Every text in quotes that looks like a key: lower-case words with dashes.
    fn quoted_keys(source: &str) -> BTreeSet<String> {
        let is_key = |text: &&str| {
            text.contains('-')
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        source
            .split('"')
            .filter(is_key)
            .map(str::to_owned)
            .collect()
    }

    fn sources(folder: &str, ending: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = std::fs::read_dir(folder).expect("the folder is part of the crate");
        entries
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|found| found == ending))
            .collect()
    }

    fn used() -> BTreeSet<String> {
        let files = [sources("src/console", "rs"), sources("templates", "html")].concat();
        let mut used = BTreeSet::new();
        for file in files {
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default()
                .to_owned();
            if ["texts.rs", "tests.rs", "exchange_tests.rs", "fixture.rs"].contains(&name.as_str())
            {
                continue;
            }
            used.extend(quoted_keys(
                &std::fs::read_to_string(&file).expect("readable"),
            ));
        }
        used
    }

    #[test]
    fn the_catalogue_can_be_read_and_no_key_stands_twice() {
        assert!(FluentResource::try_new(CATALOGUE.to_owned()).is_ok());
        let keys = catalogue_keys();
        let unique: BTreeSet<_> = keys.iter().collect();
        assert_eq!(unique.len(), keys.len());
    }

    #[test]
    fn every_key_that_is_asked_for_exists() {
        let catalogue: BTreeSet<String> = catalogue_keys().into_iter().collect();
        let missing: Vec<_> = family_keys().difference(&catalogue).cloned().collect();
        assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
        let asked = asked_for();
        let missing: Vec<_> = asked.difference(&catalogue).collect();
        assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
        assert!(asked.len() > 100, "the search finds the calls");
    }

    /// Keys in calls such as `text("…")` and `fill("…", …)`.
    fn asked_for() -> BTreeSet<String> {
        let files = [sources("src/console", "rs"), sources("templates", "html")].concat();
        let mut asked = BTreeSet::new();
        for file in files {
            let source = std::fs::read_to_string(&file).expect("readable");
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            for call in [
                "text(\"", "fill(\"", "tab(\"", "line(\"", "table(\"", "add(\"", "fact(\"",
            ] {
                let rest = source.split(call).skip(1);
                asked.extend(
                    rest.filter_map(|rest| rest.split('"').next())
                        .map(str::to_owned),
                );
            }
        }
        asked.retain(|key| key.contains('-'));
        asked
    }

    #[test]
    fn every_key_of_the_catalogue_is_used() {
        let mut used = used();
        used.extend(family_keys());
        let unused: Vec<_> = catalogue_keys()
            .into_iter()
            .filter(|key| !used.contains(key))
            .collect();
        assert!(unused.is_empty(), "nobody asks for: {unused:?}");
    }

    #[test]
    fn names_of_codes_are_those_of_the_list() {
        let texts = Texts::english();
        for manifestation in Manifestation::ALL {
            assert_eq!(
                texts.of("manifestation", manifestation.code()),
                manifestation.name()
            );
        }
        for attribute in Attribute::ALL {
            assert_eq!(texts.of("attribute", attribute.code()), attribute.name());
        }
    }

    #[test]
    fn an_unknown_key_shows() {
        assert_eq!(
            Texts::english().text("no-such-key"),
            "\u{27e6}no-such-key\u{27e7}"
        );
    }
}
