//! What a reader sees of the demo: a line a step, with what happened.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result};

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// Tells the steps as they happen, and counts them.
pub(crate) struct Narrator<W = io::Stdout> {
    out: W,
    colour: bool,
    steps: usize,
}

impl Narrator {
    /// Tells to standard output, in colour where a person watches and wants it.
    pub(crate) fn stdout() -> Self {
        let out = io::stdout();
        let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self::new(out, colour)
    }
}

impl<W: Write> Narrator<W> {
    fn new(out: W, colour: bool) -> Self {
        Self {
            out,
            colour,
            steps: 0,
        }
    }

    /// How many steps were told.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// A heading over the steps that follow.
    ///
    /// # Errors
    /// Where the line cannot be written.
    pub(crate) fn heading(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "\n{text}").context("telling a heading")
    }

    /// A line that is no step: what the reader may want to know.
    ///
    /// # Errors
    /// Where the line cannot be written.
    pub(crate) fn note(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "       {text}").context("telling a note")
    }

    /// Does a step and tells what it found out, or why it failed.
    ///
    /// `check` gives the step's value and a sentence. It has to look at what really happened: a
    /// step that cannot fail proves nothing.
    ///
    /// # Errors
    /// What `check` found wrong, with the step's title.
    pub(crate) fn step<T>(
        &mut self,
        title: &str,
        check: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        self.steps += 1;
        match check() {
            Ok((value, text)) => {
                self.line(GREEN, '✓', title, &text)?;
                Ok(value)
            }
            Err(error) => {
                self.line(RED, '✗', title, &format!("{error:#}"))?;
                Err(error.context(format!("the demo failed at step {}: {title}", self.steps)))
            }
        }
    }

    fn line(&mut self, colour: &str, mark: char, title: &str, text: &str) -> Result<()> {
        let (on, off) = if self.colour {
            (colour, PLAIN)
        } else {
            ("", "")
        };
        let number = self.steps;
        writeln!(self.out, "{number:>3}. {on}{mark}{off} {title}: {text}")?;
        self.out.flush().context("telling a step")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn steps_are_numbered_marked_and_passed_on() {
        let mut narrator = Narrator::new(Vec::new(), false);
        let value = narrator.step("count", || Ok((3, "three of three".to_owned())));
        assert_eq!(value.expect("the step is fine"), 3);
        let error = narrator.step("look", || -> Result<((), String)> {
            bail!("nothing there")
        });
        let error = format!("{:#}", error.expect_err("the step failed"));
        assert_eq!(error, "the demo failed at step 2: look: nothing there");
        let text = String::from_utf8(narrator.out).expect("text");
        assert_eq!(
            text,
            "  1. ✓ count: three of three\n  2. ✗ look: nothing there\n"
        );
    }

    #[test]
    fn colour_is_there_only_where_asked_for() {
        for colour in [false, true] {
            let mut narrator = Narrator::new(Vec::new(), colour);
            narrator
                .step("a", || Ok(((), "b".to_owned())))
                .expect("fine");
            let text = String::from_utf8(narrator.out).expect("text");
            assert_eq!(text.contains('\u{1b}'), colour);
        }
    }
}
