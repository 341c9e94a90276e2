//! What one decoding carries with it: its budget, its visitor, its findings.

use std::cell::Cell;
use std::rc::Rc;

use image::error::LimitErrorKind;
use image::{ImageError, Limits as ImageLimits};
use seawall_core::{Reason, View};

use crate::Budget;
use crate::shown::Shown;
use crate::source::Source;
use crate::visitor::{Size, Visitor};

/// One file on its way from bytes to views.
pub(crate) struct Session<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) budget: Budget<'a>,
    pub(crate) notes: Vec<String>,
    /// Views handed out so far.
    pub(crate) visited: u32,
    /// Pictures found behind the first one.
    pub(crate) parts: u32,
    /// Pixels of the pictures handed out so far, each counted once.
    pub(crate) pixels: u64,
    /// Pixels times scans that the decoder of JPEG was given so far.
    pub(crate) scanned_pixels: u64,
    /// Where the first picture ends, where its decoder knows it.
    pub(crate) end: Option<usize>,
    /// Whether small differences of the pixels do no harm: for lookups alone.
    pub(crate) is_for_lookup: bool,
    /// Set where a decoder gives pixels and knows that the file is damaged.
    pub(crate) damaged: Cell<bool>,
    visitor: &'a mut dyn Visitor,
    late: Rc<Cell<bool>>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(bytes: &'a [u8], budget: Budget<'a>, visitor: &'a mut dyn Visitor) -> Self {
        Self {
            bytes,
            budget,
            notes: Vec::new(),
            visited: 0,
            parts: 0,
            pixels: 0,
            scanned_pixels: 0,
            end: None,
            is_for_lookup: false,
            damaged: Cell::new(false),
            visitor,
            late: Rc::new(Cell::new(false)),
        }
    }

    /// A new reader over the file.
    pub(crate) fn source(&self) -> Source<'a> {
        self.source_over(self.bytes)
    }

    /// A new reader over other bytes, on the same clock.
    pub(crate) fn source_over<'b>(&self, bytes: &'b [u8]) -> Source<'b>
    where
        'a: 'b,
    {
        Source::new(bytes, self.budget.expired, Rc::clone(&self.late))
    }

    /// Refuses a size above the limits. To be called before anything is allocated for it.
    pub(crate) fn check_size(&self, width: u64, height: u64, bytes: u64) -> Result<(), Reason> {
        let limits = self.budget.limits;
        if width.saturating_mul(height) > limits.pixels_max {
            Err(Reason::TooManyPixels)
        } else if bytes > limits.memory_bytes_max {
            Err(Reason::TooMuchMemory)
        } else {
            Ok(())
        }
    }

    pub(crate) fn check_time(&self) -> Result<(), Reason> {
        if self.late.get() || (self.budget.expired)() {
            return Err(Reason::TooSlow);
        }
        Ok(())
    }

    /// The limits that decoders of the `image` crate are given, beside our own checks.
    pub(crate) fn image_limits(&self) -> ImageLimits {
        let mut limits = ImageLimits::no_limits();
        limits.max_alloc = Some(self.budget.limits.memory_bytes_max);
        limits
    }

    /// The cause that an error of the `image` crate stands for.
    pub(crate) fn reason(&self, error: &ImageError) -> Reason {
        match error {
            _ if self.late.get() => Reason::TooSlow,
            ImageError::Limits(limit) if limit.kind() == LimitErrorKind::DimensionError => {
                Reason::TooManyPixels
            }
            ImageError::Limits(_) => Reason::TooMuchMemory,
            ImageError::Unsupported(_) => Reason::UnsupportedFormat,
            // The error type is the library's; its other kinds all mean bytes that do not fit.
            _ => Reason::Damaged,
        }
    }

    /// Whether a reader ran out of time.
    pub(crate) fn is_late(&self) -> bool {
        self.late.get()
    }

    /// Hands one view to the visitor.
    pub(crate) fn visit(&mut self, view: View, shown: &Shown<'_>) {
        self.count(1, (shown.width(), shown.height()));
        self.visitor.view(view, shown);
    }

    /// What the visitor holds for each form of a picture that comes by rows; `None` where it
    /// takes none, or where views are asked for that need the pixels in another order.
    pub(crate) fn bytes_for_rows(&self, size: Size) -> Option<u64> {
        let views = self.budget.views;
        let is_top_down = !views.orientations && !views.border;
        is_top_down.then(|| self.visitor.bytes_for_rows(size))?
    }

    /// See [`Visitor::begin`].
    pub(crate) fn begin_rows(&mut self, size: Size) {
        self.visitor.begin(size);
    }

    /// See [`Visitor::branch`].
    pub(crate) fn branch_rows(&mut self) {
        self.visitor.branch();
    }

    /// See [`Visitor::rows`].
    pub(crate) fn push_rows(&mut self, form: usize, rows: &[u8]) {
        self.visitor.rows(form, rows);
    }

    /// See [`Visitor::end`].
    pub(crate) fn end_rows(&mut self, size: Size, views: &[(usize, View)]) {
        let count = u32::try_from(views.len()).expect("a picture has a few forms");
        self.count(count, (size.width, size.height));
        self.visitor.end(views);
    }

    fn count(&mut self, views: u32, (width, height): (usize, usize)) {
        if self.visited == 0 {
            // Frames and forms of one picture are bounded by their own limits.
            self.pixels += width as u64 * height as u64;
        }
        self.visited += views;
    }

    /// The number of the next picture behind the first one.
    pub(crate) fn next_part(&self) -> u32 {
        self.parts + 2
    }

    /// Adds a note, once.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|note| note == text) {
            self.notes.push(text.to_owned());
        }
    }
}

/// The note of a file whose end is missing where that is known to do no harm.
pub(crate) const END: &str =
    "the end of the file is missing or damaged; all of its pixels are there";
