//! A strict reader of parameters: each known, each at most once.

use std::collections::BTreeMap;

/// The parameters of one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Takes those that are known.
    ///
    /// # Errors
    /// Words for the caller where one is unknown or stands twice with two values.
    pub(crate) fn read(pairs: Vec<(String, String)>, known: &[&str]) -> Result<Self, String> {
        let mut read = BTreeMap::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                return Err(format!(
                    "a parameter that is not known; known are {}",
                    known.join(", ")
                ));
            }
            if read.get(&name).is_some_and(|other| *other != value) {
                return Err(format!("the parameter {name} stands twice"));
            }
            read.insert(name, value);
        }
        Ok(Self(read))
    }

    /// The text of one, if given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A whole number without sign, if given.
    ///
    /// # Errors
    /// Words for the caller where it is something else.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<u64>, String> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(format!("{name} has to be a whole number")),
        }
    }

    /// Like [`whole`](Self::whole), for one that has to be there.
    pub(crate) fn required(&self, name: &str) -> Result<u64, String> {
        self.whole(name)?
            .ok_or_else(|| format!("the parameter {name} is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Parameters, String> {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Parameters::read(owned.collect(), &["a", "b"])
    }

    #[test]
    fn what_is_unknown_or_stands_twice_is_refused() {
        assert!(read(&[("c", "1")]).is_err_and(|words| words.contains("a, b")));
        assert!(read(&[("a", "1"), ("a", "2")]).is_err());
        let taken = read(&[("a", "1"), ("a", "1")]).expect("the same twice");
        assert_eq!(taken.text("a"), Some("1"));
        assert_eq!(taken.text("b"), None);
    }

    #[test]
    fn a_number_is_digits_alone() {
        for wrong in ["", "+1", "-1", "1.5", "x", "99999999999999999999"] {
            let taken = read(&[("a", wrong)]).expect("known");
            assert!(taken.whole("a").is_err(), "{wrong}");
        }
        let taken = read(&[("a", "17")]).expect("known");
        assert_eq!(taken.required("a"), Ok(17));
        assert!(taken.required("b").is_err());
    }
}
