//! Rows on their way from a decoder to the visitor.
//!
//! Nothing of a picture is held but a few rows. What shows below a see-through picture differs
//! from its plain colours from some row on, or nowhere: there, a form for that ground branches
//! off, so that an opaque picture with an alpha costs no more than one without.

use seawall_core::{Form, Place, View};

use crate::ground::Ground;
use crate::layout::Samples;
use crate::session::Session;
use crate::views;
use crate::visitor::Size;

/// A picture whose rows are passed on as they are decoded.
pub(crate) struct Bands {
    size: Size,
    samples: Samples,
    /// Rows as the decoder gives them.
    band: Vec<u8>,
    /// How many of these are there.
    filled: usize,
    /// How many rows were passed on before.
    passed: usize,
    /// The numbers of the forms on a ground, where they differ from the plain one.
    on_black: Option<usize>,
    on_white: Option<usize>,
    forms: usize,
    is_see_through: bool,
    alpha: Vec<u8>,
    grounded: Vec<u8>,
}

/// The bytes that such a picture takes on its way, so many rows at a time, the visitor's share
/// included; `None` where the visitor takes no rows.
pub(crate) fn forms_bytes(
    session: &Session<'_>,
    (width, height): (usize, usize),
    samples: Samples,
    rows: u64,
) -> Option<u64> {
    let size = Size {
        width,
        height,
        kind: samples.kind(),
    };
    let visitor = session.bytes_for_rows(size)?;
    // The rows, their alpha, and a copy of them on a ground.
    let (forms, more) = if samples.alpha.is_some() {
        (3, 4)
    } else {
        (1, 0)
    };
    let row = width as u64 * (samples.step as u64 + more);
    let band = row.saturating_mul(rows);
    Some(band.saturating_add(visitor.saturating_mul(forms)))
}

impl Bands {
    /// Begins a picture of this width and height.
    pub(crate) fn begin(session: &mut Session<'_>, size: (usize, usize), samples: Samples) -> Self {
        let size = Size {
            width: size.0,
            height: size.1,
            kind: samples.kind(),
        };
        session.begin_rows(size);
        Self {
            size,
            samples,
            band: Vec::new(),
            filled: 0,
            passed: 0,
            on_black: None,
            on_white: None,
            forms: 1,
            is_see_through: false,
            alpha: Vec::new(),
            grounded: Vec::new(),
        }
    }

    /// How many rows are missing yet.
    pub(crate) fn rows_missing(&self) -> usize {
        self.size.height - self.passed - self.filled
    }

    /// Where the decoder puts the next row. It counts once [`Self::keep`] is called.
    pub(crate) fn next(&mut self) -> &mut [u8] {
        let stride = self.size.width * self.samples.step;
        let height = BAND_ROWS.min(self.size.height);
        self.band.resize(stride * height, 0);
        &mut self.band[self.filled * stride..][..stride]
    }

    /// The next row is there.
    pub(crate) fn keep(&mut self, session: &mut Session<'_>) {
        self.filled += 1;
        if self.filled == BAND_ROWS || self.rows_missing() == 0 {
            self.pass_on(session);
        }
    }

    /// Missing rows are black; then the forms are shown as the views that they are.
    pub(crate) fn end(mut self, session: &mut Session<'_>, place: Place) {
        while self.rows_missing() > 0 {
            let samples = self.samples;
            let row = self.next();
            row.fill(0);
            samples.make_opaque(row);
            self.keep(session);
        }
        let view = View::of(place);
        let mut found = vec![(0, view)];
        let grounds = [
            (self.on_black, Form::OnBlack),
            (self.on_white, Form::OnWhite),
        ];
        found.extend(
            grounds
                .into_iter()
                .filter_map(|(number, form)| Some((number?, view.with(form)))),
        );
        if self.is_see_through {
            session.note(views::TRANSPARENT);
        }
        session.end_rows(self.size, &found);
    }

    /// Passes the kept rows on.
    fn pass_on(&mut self, session: &mut Session<'_>) {
        let mut band = std::mem::take(&mut self.band);
        let stride = self.size.width * self.samples.step;
        let rows = &mut band[..self.filled * stride];
        let mut alpha = std::mem::take(&mut self.alpha);
        alpha.clear();
        if let Some(place) = self.samples.alpha {
            let pixels = rows.chunks_exact(self.samples.step);
            alpha.extend(pixels.map(|pixel| pixel[place]));
        }
        let length = self.samples.reduce(rows);
        self.filled = 0;
        self.pass(session, &rows[..length], &alpha);
        (self.band, self.alpha) = (band, alpha);
    }

    /// Passes on rows in the form that is hashed, with the alpha of each pixel, or without any
    /// where all are opaque.
    pub(crate) fn pass(&mut self, session: &mut Session<'_>, plain: &[u8], alpha: &[u8]) {
        let kind = self.size.kind;
        let is_opaque = alpha.iter().all(|&alpha| alpha == u8::MAX);
        self.is_see_through |= !is_opaque;
        let grounds = [
            (&mut self.on_black, Ground::black(alpha)),
            (&mut self.on_white, Ground::white(alpha)),
        ];
        for (number, ground) in grounds {
            let changes = !is_opaque && ground.changes(plain, kind);
            if number.is_none() && changes {
                session.branch_rows();
                *number = Some(self.forms);
                self.forms += 1;
            }
            let Some(number) = *number else { continue };
            if changes {
                self.grounded.clear();
                self.grounded.extend_from_slice(plain);
                ground.lay_under(&mut self.grounded, kind.bytes(), 0..alpha.len());
                session.push_rows(number, &self.grounded);
            } else {
                session.push_rows(number, plain);
            }
        }
        session.push_rows(0, plain);
        self.passed += plain.len() / (self.size.width * kind.bytes());
    }
}

/// What a kernel of the hash takes in at once, so that it need not copy.
pub(crate) const BAND_ROWS: usize = 16;
