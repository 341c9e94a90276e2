//! From one decoded picture to every form of it that is hashed.

use image::metadata::Orientation;
use seawall_core::{Form, Place, Turn, View};

use crate::ground::Ground;
use crate::layout::Layout;
use crate::session::Session;
use crate::shown::Shown;
use crate::{border, orientation};

/// Hands out a picture: as stored and upright, the forms that were asked for, and, where it
/// is partly transparent, as shown on white and on black. The plain stored form comes first.
pub(crate) fn visit(
    session: &mut Session<'_>,
    place: Place,
    layout: &Layout,
    orientation: Orientation,
) {
    let view = View::of(place);
    let plain = Shown::plain(&layout.pixels);
    let options = session.budget.views;
    stored_and_upright(session, view, plain, orientation);
    if options.orientations {
        for turn in Turn::ALL {
            let turned = plain.turned(orientation::of_turn(turn));
            session.visit(view.with(Form::Turned(turn)), &turned);
        }
    }
    if options.border
        && let Some(area) = border::inside(&layout.pixels)
    {
        let view = view.with(Form::Unbordered);
        stored_and_upright(session, view, plain.cropped(area), orientation);
    }
    if let Some(alpha) = &layout.alpha {
        session.note(TRANSPARENT);
        let grounds = [
            (Form::OnBlack, Ground::black(alpha)),
            (Form::OnWhite, Ground::white(alpha)),
        ];
        for (form, ground) in grounds {
            // A ground that leaves every pixel as it is gives no form of its own.
            if ground.changes(layout.pixels.data(), layout.pixels.kind()) {
                stored_and_upright(session, view.with(form), plain.on(ground), orientation);
            }
        }
    }
}

fn stored_and_upright(
    session: &mut Session<'_>,
    view: View,
    shown: Shown<'_>,
    orientation: Orientation,
) {
    session.visit(view, &shown);
    if orientation != Orientation::NoTransforms {
        let upright = View {
            upright: true,
            ..view
        };
        session.visit(upright, &shown.turned(orientation));
    }
}

/// The note of pictures with see-through pixels.
pub(crate) const TRANSPARENT: &str =
    "partly transparent: hashed by its plain colours, and as shown on white and on black";
