//! From one decoded picture to every form of it that is hashed.

use image::metadata::Orientation;
use seawall_core::{Form, Pixels, Place, Turn, View};

use crate::layout::Layout;
use crate::session::Session;
use crate::{border, ground, orientation};

/// Hands out a picture: as stored and upright, the forms that were asked for, and, where it
/// is partly transparent, as shown on white and on black. The plain stored form comes first.
pub(crate) fn visit(
    session: &mut Session<'_>,
    place: Place,
    layout: Layout,
    orientation: Orientation,
) {
    let Layout { pixels, alpha } = layout;
    let mut picture = Picture {
        session,
        orientation,
        alpha_bytes: alpha.as_ref().map_or(0, Vec::len) as u64,
    };
    let view = View::of(place);
    let pixels = picture.stored_and_upright(view, pixels);
    let pixels = picture.orientations(view, pixels);
    let pixels = picture.unbordered(view, pixels);
    if let Some(alpha) = alpha {
        picture.session.note(TRANSPARENT);
        picture.on_grounds(view, pixels, &alpha);
    }
}

struct Picture<'s, 'a> {
    session: &'s mut Session<'a>,
    orientation: Orientation,
    alpha_bytes: u64,
}

impl Picture<'_, '_> {
    fn stored_and_upright(&mut self, view: View, pixels: Pixels) -> Pixels {
        self.session.visit(view, &pixels);
        if self.orientation == Orientation::NoTransforms {
            return pixels;
        }
        let upright = View {
            upright: true,
            ..view
        };
        self.turned(upright, pixels, self.orientation)
    }

    fn orientations(&mut self, view: View, mut pixels: Pixels) -> Pixels {
        if self.session.budget.views.orientations {
            for turn in Turn::ALL {
                let view = view.with(Form::Turned(turn));
                pixels = self.turned(view, pixels, orientation::of_turn(turn));
            }
        }
        pixels
    }

    fn unbordered(&mut self, view: View, pixels: Pixels) -> Pixels {
        if self.session.budget.views.border
            && let Some(inner) = border::inside(&pixels)
        {
            if self.has_room(&pixels, inner.bytes(pixels.kind())) {
                let cropped = inner.of(&pixels);
                self.stored_and_upright(view.with(Form::Unbordered), cropped);
            } else {
                self.session.note(NO_ROOM);
            }
        }
        pixels
    }

    /// A ground that leaves every pixel as it is gives no form of its own.
    fn on_grounds(&mut self, view: View, pixels: Pixels, alpha: &[u8]) {
        let on_white = ground::changes(&pixels, alpha, u8::MAX);
        let on_black = ground::changes(&pixels, alpha, 0);
        let mut pixels = ground::on_black(pixels, alpha);
        if on_black {
            pixels = self.stored_and_upright(view.with(Form::OnBlack), pixels);
        }
        if on_white {
            let pixels = ground::white_under(pixels, alpha);
            self.stored_and_upright(view.with(Form::OnWhite), pixels);
        }
    }

    /// Hands out the picture turned, and gives it back as it was.
    fn turned(&mut self, view: View, pixels: Pixels, orientation: Orientation) -> Pixels {
        if !orientation::needs_copy(orientation) {
            // Flips and half turns undo themselves, so no second buffer is needed.
            let turned = orientation::upright(pixels, orientation);
            self.session.visit(view, &turned);
            return orientation::upright(turned, orientation);
        }
        if self.has_room(&pixels, pixels.data().len() as u64) {
            let turned = orientation::upright(pixels.clone(), orientation);
            self.session.visit(view, &turned);
        } else {
            self.session.note(NO_ROOM);
        }
        pixels
    }

    fn has_room(&self, pixels: &Pixels, more: u64) -> bool {
        let held = pixels.data().len() as u64 + self.alpha_bytes;
        held.saturating_add(more) <= self.session.budget.limits.memory_bytes_max
    }
}

const TRANSPARENT: &str =
    "partly transparent: hashed by its plain colours, and as shown on white and on black";
const NO_ROOM: &str =
    "not every form was hashed: turning or cropping would need more memory than the limit";
