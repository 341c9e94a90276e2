//! The lists that the partner keeps.

use std::fmt;

/// Which of the partner's lists: they differ in what they hold, and in who may read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Child sexual abuse material, for electronic service providers.
    Industry,
    /// Exploitative material that is no such material by law, for electronic service providers.
    IndustryExploitative,
    /// Child sexual abuse material, for law enforcement.
    LawEnforcement,
    /// Child sexual abuse material, from hotlines and other organisations, Take It Down among them.
    Npo,
    /// Exploitative material, from hotlines and other organisations.
    NpoExploitative,
    /// AI-generated child sexual abuse material.
    GenerativeAi,
    /// AI-generated exploitative material.
    GenerativeAiExploitative,
}

impl Environment {
    /// Every list.
    pub const ALL: [Self; 7] = [
        Self::Industry,
        Self::IndustryExploitative,
        Self::LawEnforcement,
        Self::Npo,
        Self::NpoExploitative,
        Self::GenerativeAi,
        Self::GenerativeAiExploitative,
    ];

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The list with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }

    /// Where it is.
    #[must_use]
    pub fn production(self) -> &'static str {
        self.row().1
    }

    /// Where its twin for tests is.
    #[must_use]
    pub fn test(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Industry => (
                "industry",
                "https://report.cybertip.org/hashsharing",
                "https://exttest.cybertip.org/hashsharing",
            ),
            Self::IndustryExploitative => (
                "industry-exploitative",
                "https://report.cybertip.org/exploitative-hashsharing",
                "https://exttest.cybertip.org/exploitative-hashsharing",
            ),
            Self::LawEnforcement => (
                "law-enforcement",
                "https://lesp.ncmec.org/csam-hashsharing",
                "https://betalesp.ncmec.org/csam-hashsharing",
            ),
            Self::Npo => (
                "npo",
                "https://hashsharing.ncmec.org/npo",
                "https://hashsharing-test.ncmec.org/npo",
            ),
            Self::NpoExploitative => (
                "npo-exploitative",
                "https://hashsharing.ncmec.org/exploitative",
                "https://hashsharing-test.ncmec.org/exploitative",
            ),
            Self::GenerativeAi => (
                "generative-ai",
                "https://hashsharing.ncmec.org/generative-ai-csam",
                "https://hashsharing-test.ncmec.org/generative-ai-csam",
            ),
            Self::GenerativeAiExploitative => (
                "generative-ai-exploitative",
                "https://hashsharing.ncmec.org/generative-ai-exploitative",
                "https://hashsharing-test.ncmec.org/generative-ai-exploitative",
            ),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
