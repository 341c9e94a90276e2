//! The places of a list that were gone through, to tell when a partner leads in a circle.

use crate::feed::FeedError;

/// Remembers two of the places, whatever their number (Brent, "An improved Monte Carlo
/// factorization algorithm", 1980): the last one, and one that it moves ahead at steps that
/// double. A place that comes twice in a row is found at once, a longer circle after at most
/// three rounds; until then its entries replace themselves.
#[derive(Default)]
pub(crate) struct Trail {
    last: Option<String>,
    kept: Option<String>,
    steps: u64,
    stride: u64,
}

impl Trail {
    /// Goes to a place.
    ///
    /// # Errors
    /// [`FeedError::Repeated`] where the trail has been there.
    pub(crate) fn go(&mut self, place: &str) -> Result<(), FeedError> {
        let is_known = |known: &Option<String>| known.as_deref() == Some(place);
        if is_known(&self.last) || is_known(&self.kept) {
            return Err(FeedError::Repeated);
        }
        self.steps += 1;
        if self.steps > self.stride {
            self.kept = Some(place.to_owned());
            self.steps = 0;
            self.stride = self.stride.saturating_mul(2).max(1);
        }
        self.last = Some(place.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps a trail takes that leads into a circle of so many places after so many
    /// others.
    fn steps_until_found(before: u32, circle: u32) -> u32 {
        let mut trail = Trail::default();
        let place = |step: u32| {
            if step < before {
                step
            } else {
                before + (step - before) % circle
            }
        };
        (0..100_000)
            .find(|&step| trail.go(&place(step).to_string()).is_err())
            .expect("the circle is found")
    }

    #[test]
    fn a_circle_of_any_length_is_found_and_nothing_else() {
        assert_eq!(steps_until_found(0, 1), 1, "the same place twice");
        assert_eq!(steps_until_found(7, 1), 8, "the same place twice, later");
        for before in 0..20 {
            for circle in 1..20 {
                let steps = steps_until_found(before, circle);
                assert!(steps >= before + circle, "{before} {circle}");
                assert!(
                    steps <= 3 * (before + circle) + 2,
                    "{before} {circle} {steps}"
                );
            }
        }
        let mut trail = Trail::default();
        assert!((0..10_000).all(|step| trail.go(&step.to_string()).is_ok()));
    }
}
