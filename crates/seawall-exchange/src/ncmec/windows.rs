//! Which span of time is asked for next. Plain arithmetic on seconds since 1970.

/// A window with more entries than this is too dense and is asked for again, narrower.
pub const WINDOW_ENTRIES_MAX: usize = 10_000;

/// A window with fewer entries than this makes the next one wider.
pub const WINDOW_ENTRIES_SPARSE: usize = 2_000;

const _: () = assert!(WINDOW_ENTRIES_SPARSE * WIDEN < WINDOW_ENTRIES_MAX);

/// The width that a list is first read with: where nothing lies, a few questions lead to the
/// present; and the first question is none that the partner has to gather its whole list for.
pub(super) const WIDTH_FIRST_S: i64 = 365 * 24 * 60 * 60;

/// How many entries a window may hold, and how few widen the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Density {
    pub(super) entries_max: usize,
    pub(super) entries_sparse: usize,
}

impl Density {
    pub(super) const DEFAULT: Self = Self {
        entries_max: WINDOW_ENTRIES_MAX,
        entries_sparse: WINDOW_ENTRIES_SPARSE,
    };
}

const WIDTH_MAX_S: i64 = 64 * WIDTH_FIRST_S;
const NARROW: i64 = 4;
const WIDEN: usize = 2;

/// The windows of one run, and where it stands in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    /// The start of the window, which is not part of it.
    from_s: i64,
    /// Its end, which is.
    to_s: i64,
    /// The end of the run.
    end_s: i64,
    width_s: i64,
    /// How many entries the window gave so far.
    entries: usize,
    density: Density,
}

/// What a page means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The next page of the same window follows.
    Page,
    /// The window was too dense, and its start is asked for again.
    Narrower,
    /// The window that ends here was given whole.
    End {
        /// Its end, in seconds since 1970.
        to_s: i64,
    },
}

impl Windows {
    pub(super) fn new(from_s: i64, width_s: i64, end_s: i64, density: Density) -> Self {
        let mut windows = Self {
            from_s,
            to_s: from_s,
            end_s,
            width_s: width_s.clamp(1, WIDTH_MAX_S),
            entries: 0,
            density,
        };
        windows.open();
        windows
    }

    /// The window to ask for; `None` at the end of the run.
    pub(super) fn current(&self) -> Option<(i64, i64)> {
        (self.from_s < self.end_s).then_some((self.from_s, self.to_s))
    }

    pub(super) fn width_s(&self) -> i64 {
        self.width_s
    }

    pub(super) fn end_s(&self) -> i64 {
        self.end_s
    }

    /// Counts the entries of a page, after which another follows or not.
    pub(super) fn took(&mut self, entries: usize, has_more: bool) -> Step {
        self.entries = self.entries.saturating_add(entries);
        let length_s = self.to_s - self.from_s;
        if !has_more {
            let to_s = self.to_s;
            if self.entries < self.density.entries_sparse && length_s == self.width_s {
                self.width_s = (self.width_s * WIDEN as i64).min(WIDTH_MAX_S);
            }
            self.from_s = to_s;
            self.open();
            return Step::End { to_s };
        }
        if self.entries < self.density.entries_max || length_s <= 1 {
            return Step::Page;
        }
        self.width_s = (length_s / NARROW).max(1);
        self.open();
        Step::Narrower
    }

    fn open(&mut self) {
        self.to_s = self.from_s.saturating_add(self.width_s).min(self.end_s);
        self.entries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_window_shrinks_by_four_down_to_one_second_which_is_read_whole() {
        let mut windows = Windows::new(1_000, 64, 5_000, Density::DEFAULT);
        assert_eq!(windows.current(), Some((1_000, 1_064)));
        for width in [16, 4, 1] {
            assert_eq!(windows.took(WINDOW_ENTRIES_MAX - 1, true), Step::Page);
            assert_eq!(windows.took(1, true), Step::Narrower);
            assert_eq!(windows.current(), Some((1_000, 1_000 + width)));
        }
        for _ in 0..100 {
            assert_eq!(windows.took(WINDOW_ENTRIES_MAX, true), Step::Page);
        }
        assert_eq!(windows.took(1, false), Step::End { to_s: 1_001 });
        assert_eq!(windows.current(), Some((1_001, 1_002)), "no wider after it");
    }

    #[test]
    fn sparse_windows_grow_and_reach_the_end_exactly() {
        let mut windows = Windows::new(0, 10, 65, Density::DEFAULT);
        let mut spans = Vec::new();
        while let Some(span) = windows.current() {
            spans.push(span);
            assert_eq!(windows.took(3, false), Step::End { to_s: span.1 });
        }
        assert_eq!(spans, [(0, 10), (10, 30), (30, 65)]);
        assert_eq!(windows.width_s(), 40, "the last was cut and says nothing");
        let mut full = Windows::new(0, 10, 100, Density::DEFAULT);
        full.took(WINDOW_ENTRIES_SPARSE, false);
        assert_eq!(full.current(), Some((10, 20)));
    }

    #[test]
    fn a_run_without_a_span_asks_for_nothing() {
        assert_eq!(Windows::new(50, 10, 50, Density::DEFAULT).current(), None);
        assert_eq!(Windows::new(60, 10, 50, Density::DEFAULT).current(), None);
    }
}
