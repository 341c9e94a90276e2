//! Who is shown the views of a file.

use seawall_core::{PixelKind, View};

use crate::shown::Shown;

/// The size of a picture, and how a pixel of it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// How a pixel is stored.
    pub kind: PixelKind,
}

/// Takes the views of a file.
///
/// A view comes as a whole picture, or, where the visitor says that it takes rows and the
/// decoder can give them, row by row from the top, so that no one holds the picture. The forms
/// of a picture that come by rows are numbered from 0, and come side by side: only at their
/// end it is known which views they are, if any. A closure of a view and a [`Shown`] is a
/// visitor that takes whole pictures.
pub trait Visitor {
    /// One view, all of whose pixels are at hand.
    fn view(&mut self, view: View, shown: &Shown<'_>);

    /// The bytes that the visitor holds at most for each form while it takes rows of pictures of
    /// this size; `None` where it takes whole pictures only.
    fn bytes_for_rows(&self, _size: Size) -> Option<u64> {
        None
    }

    /// The rows of form 0 of a picture of this size follow. What was begun before and has not
    /// ended is forgotten.
    fn begin(&mut self, _size: Size) {}

    /// One more form, with the next number, that has had the same rows as form 0 up to now.
    fn branch(&mut self) {}

    /// The next rows of a form, a whole number of them.
    fn rows(&mut self, _form: usize, _rows: &[u8]) {}

    /// All rows of all forms were given: each of these forms is this view. The others are none.
    fn end(&mut self, _views: &[(usize, View)]) {}
}

impl<F: FnMut(View, &Shown<'_>)> Visitor for F {
    fn view(&mut self, view: View, shown: &Shown<'_>) {
        self(view, shown);
    }
}
