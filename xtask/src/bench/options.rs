//! What was asked for.

use crate::Usage;

/// What `cargo xtask bench` can measure, in the order in which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// PDQ of decoded pixels.
    Hash,
    /// A JPEG file to its PDQ.
    File,
    /// A folder of JPEG files, with the whole program.
    Folder,
    /// Search in a list.
    Match,
    /// How soon a change of a list is seen through a server.
    Effect,
    /// The interface under load.
    Http,
    /// The seen index.
    Seen,
    /// Memory over many compactions, and mixed traffic with kills.
    Soak,
    /// What is found of edited pictures.
    Robustness,
}

impl Part {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Hash,
        Self::File,
        Self::Folder,
        Self::Match,
        Self::Effect,
        Self::Http,
        Self::Seen,
        Self::Soak,
        Self::Robustness,
    ];

    /// The word on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::File => "file",
            Self::Folder => "folder",
            Self::Match => "match",
            Self::Effect => "effect",
            Self::Http => "http",
            Self::Seen => "seen",
            Self::Soak => "soak",
            Self::Robustness => "robustness",
        }
    }
}

/// The arguments, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Small sizes and few repeats, to see that everything works.
    pub(crate) quick: bool,
    /// Whether the last line is an object with the figures of the interface.
    pub(crate) json: bool,
    /// How long mixed traffic goes on, where that is said.
    pub(crate) minutes: Option<u64>,
    /// What to measure, in order.
    pub(crate) parts: Vec<Part>,
}

impl Options {
    /// Reads `[--quick] [--json] [--minutes N] [PART...]`; no part means all.
    ///
    /// # Errors
    /// A usage error that names what is unknown and what there is.
    pub(crate) fn read(arguments: &[String]) -> Result<Self, Usage> {
        let mut options = Self {
            quick: false,
            json: false,
            minutes: None,
            parts: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--minutes" {
                options.minutes = Some(minutes(arguments.next())?);
                continue;
            }
            if argument == "--quick" {
                options.quick = true;
                continue;
            }
            if argument == "--json" {
                options.json = true;
                continue;
            }
            let part = Part::ALL.into_iter().find(|part| part.name() == argument);
            options.parts.push(part.ok_or_else(|| {
                let names = Part::ALL.map(Part::name).join(", ");
                Usage(format!(
                    "bench has no part {argument:?}: there are {names}, --quick, --json and --minutes N"
                ))
            })?);
        }
        let wanted = |part: &Part| options.parts.is_empty() || options.parts.contains(part);
        let parts = Part::ALL.into_iter().filter(wanted).collect();
        Ok(Self { parts, ..options })
    }

    /// Whether a part is measured beside programs that have to be installed.
    pub(crate) fn has_peers(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Hash | Part::File | Part::Folder | Part::Match | Part::Robustness => true,
            Part::Effect | Part::Http | Part::Seen | Part::Soak => false,
        })
    }

    /// Whether a run is one to keep: everything, at full size.
    pub(crate) fn is_complete(&self) -> bool {
        !self.quick && self.parts.len() == Part::ALL.len()
    }
}

fn minutes(argument: Option<&String>) -> Result<u64, Usage> {
    let number = argument.and_then(|text| text.parse().ok());
    number
        .filter(|minutes| (1..=10_000).contains(minutes))
        .ok_or_else(|| Usage("--minutes needs a whole number from 1 to 10000".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Options, Usage> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Options::read(&words)
    }

    #[test]
    fn nothing_means_everything() {
        let options = read(&[]).expect("good");
        assert_eq!(options.parts, Part::ALL);
        assert!(!options.quick && options.is_complete());
        assert!(!read(&["--quick"]).expect("good").is_complete());
    }

    #[test]
    fn parts_come_once_and_in_their_order() {
        let options = read(&["match", "hash", "--quick", "match"]).expect("good");
        assert_eq!(options.parts, [Part::Hash, Part::Match]);
        assert!(options.quick && options.has_peers() && !options.is_complete());
        let options = read(&["http", "--json"]).expect("good");
        assert!(options.json && !options.has_peers());
    }

    #[test]
    fn minutes_are_a_number() {
        let options = read(&["soak", "--minutes", "30"]).expect("good");
        assert_eq!(
            (options.minutes, options.parts),
            (Some(30), vec![Part::Soak])
        );
        for bad in [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "x"]] {
            assert!(read(bad).is_err());
        }
    }

    #[test]
    fn what_is_unknown_is_named_with_what_there_is() {
        for word in ["fast", "--slow", "Hash", ""] {
            let Usage(text) = read(&[word]).expect_err("must be refused");
            assert!(text.contains(&format!("{word:?}")) && text.contains("robustness"));
        }
    }
}
