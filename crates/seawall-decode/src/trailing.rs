//! What is glued behind a picture: programs for pictures stop at its end and do not show it.
//!
//! Phones put previews and films there, and so do people who hide something.

mod beginning;

use seawall_core::{Limits, MediaType, Place, Reason, View};

use crate::picture::decode_as;
use crate::session::Session;
use crate::shown::Shown;
use crate::visitor::{Size, Visitor};
use crate::{Budget, gif, iso, jpeg, tiff};
use beginning::Beginning;

/// Hands out the pictures behind the first one, each in its first frame or page, as
/// [`Place::Part`]; films that begin there are noted. Where the end of a picture is not known,
/// because it is damaged or its format has none, they are looked for from its beginning on.
///
/// All pictures together are held to the limits of one.
///
/// # Errors
/// The cause where something that begins like a picture could not be read to its end, or where
/// a limit ended the search.
pub(crate) fn visit(
    session: &mut Session<'_>,
    media_type: MediaType,
    is_damaged: bool,
) -> Result<(), Reason> {
    let known = session.end.or_else(|| end_of(media_type, session.bytes));
    let end = known.filter(|_| !is_damaged);
    let mut search = Search {
        position: end.unwrap_or(SIGNATURE_BYTES),
        own: own_places(session, media_type),
        tries: 0,
        incomplete: None,
    };
    let ended = search.run(session);
    if let Err(reason) = ended {
        let cause = if session.parts == PARTS_MAX {
            "the limit of glued pictures is reached"
        } else if search.tries == TRIES_MAX {
            "the limit of false beginnings and films is reached"
        } else {
            reason.sentence()
        };
        let place = search.position;
        session.note(&format!(
            "trailing data: not searched from byte {place} on: {cause}"
        ));
    }
    search.incomplete.or(ended.err()).map_or(Ok(()), Err)
}

/// How far the search is.
struct Search {
    position: usize,
    /// Where JPEG data begins that is part of a TIFF's pages, and where the directories of these
    /// lie, in order: some programs leave a header of its own before each page.
    own: Vec<usize>,
    /// Films, and beginnings of pictures that were none.
    tries: u32,
    /// The first cause for which something was not read to its end.
    incomplete: Option<Reason>,
}

impl Search {
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Reason> {
        while let Some(beginning) = self.next(session)? {
            if session.parts == PARTS_MAX || self.tries == TRIES_MAX {
                return Err(Reason::TooSlow);
            }
            if matches!(beginning.media_type, MediaType::Undecoded(_)) {
                self.pass_film(session, beginning.media_type);
            } else {
                self.visit_picture(session, beginning)?;
            }
        }
        Ok(())
    }

    /// Goes to the next place where something begins.
    fn next(&mut self, session: &Session<'_>) -> Result<Option<Beginning>, Reason> {
        let bytes = session.bytes;
        session.check_time()?;
        while self.position < bytes.len() {
            if self.position.is_multiple_of(PIECE_BYTES) {
                session.check_time()?;
            }
            if let Some(beginning) = beginning::at(&bytes[self.position..])
                && !self.is_own(beginning)
            {
                return Ok(Some(beginning));
            }
            self.position += 1;
        }
        Ok(None)
    }

    fn is_own(&self, beginning: Beginning) -> bool {
        let place = self.position.checked_add(beginning.directory);
        place.is_some_and(|place| self.own.binary_search(&place).is_ok())
    }

    /// Films are not decoded, but something may be glued behind them.
    fn pass_film(&mut self, session: &mut Session<'_>, media_type: MediaType) {
        let start = self.position;
        let note = format!("trailing data: a file of type {media_type} begins at byte {start}");
        session.note(&note);
        self.tries += 1;
        let bytes = &session.bytes[start..];
        let end = if bytes.starts_with(b"RIFF") {
            end_of_riff(bytes)
        } else {
            end_of_boxes(bytes)
        };
        self.position += end.unwrap_or(SIGNATURE_BYTES).max(SIGNATURE_BYTES);
    }

    fn visit_picture(
        &mut self,
        session: &mut Session<'_>,
        beginning: Beginning,
    ) -> Result<(), Reason> {
        let start = self.position;
        let part = visit_part(session, start, beginning.media_type);
        session.check_time()?;
        let sentence = part.result.map_or_else(Reason::sentence, |()| "");
        if part.is_visited {
            session.parts += 1;
            session.note(&format!(
                "trailing data: another picture begins at byte {start}"
            ));
            if part.result.is_err() {
                session.note(&format!(
                    "trailing data: the picture that begins at byte {start}: {sentence}"
                ));
            }
        } else if beginning.is_sure {
            self.tries += 1;
        }
        match part.result {
            Ok(()) => {}
            Err(reason) if part.is_visited => self.miss(reason),
            Err(reason) if beginning.is_sure => {
                session.note(&format!(
                    "trailing data: a picture that begins at byte {start} was left out: {sentence}"
                ));
                self.miss(reason);
            }
            // Chance makes three bytes that mean a JPEG once in some megabytes, and behind them
            // any size.
            Err(_) => {}
        }
        // Places are what the file claims.
        let own = part.own.iter();
        self.own
            .extend(own.filter_map(|place| place.checked_add(start)));
        self.own.sort_unstable();
        self.position += part.end.unwrap_or(SIGNATURE_BYTES).max(SIGNATURE_BYTES);
        Ok(())
    }

    fn miss(&mut self, reason: Reason) {
        self.incomplete.get_or_insert(reason);
    }
}

/// What came of something that begins like a picture.
struct Part {
    is_visited: bool,
    result: Result<(), Reason>,
    /// Its length, where it is whole and its end is known.
    end: Option<usize>,
    /// As in [`Search`], from its own beginning.
    own: Vec<usize>,
}

/// Hands out the picture that begins here.
fn visit_part(session: &mut Session<'_>, start: usize, media_type: MediaType) -> Part {
    let bytes = &session.bytes[start..];
    let pixels_max = session.budget.limits.pixels_max;
    let limits = Limits {
        frames_max: 1,
        pixels_max: pixels_max.saturating_sub(session.pixels),
        ..*session.budget.limits
    };
    let budget = Budget {
        limits: &limits,
        ..session.budget
    };
    let number = session.next_part();
    let is_for_lookup = session.is_for_lookup;
    let scanned_pixels = session.scanned_pixels;
    let mut pass_on = PassOn {
        session: &mut *session,
        size: None,
        place: Place::Part(number),
        first: None,
    };
    let mut inner = Session::new(bytes, budget, &mut pass_on);
    inner.is_for_lookup = is_for_lookup;
    inner.scanned_pixels = scanned_pixels;
    let mut result = decode_as(media_type, &mut inner);
    if inner.damaged.get() {
        result = result.and(Err(Reason::Damaged));
    }
    let own = own_places(&inner, media_type);
    let known = inner.end.or_else(|| end_of(media_type, bytes));
    let end = known.filter(|_| result.is_ok());
    let (pixels, scanned_pixels) = (inner.pixels, inner.scanned_pixels);
    drop(inner);
    let is_visited = pass_on.first.is_some();
    session.pixels += pixels;
    session.scanned_pixels = scanned_pixels;
    Part {
        is_visited,
        result,
        end,
        own,
    }
}

/// Shows the views of a part, those of its first frame or page.
struct PassOn<'s, 'a> {
    session: &'s mut Session<'a>,
    /// Of the picture whose rows come now.
    size: Option<Size>,
    place: Place,
    /// The first frame or page of the part, by its own name.
    first: Option<Place>,
}

impl PassOn<'_, '_> {
    /// The view by its name in the whole file.
    fn named(&mut self, view: View) -> Option<View> {
        let is_first = *self.first.get_or_insert(view.place) == view.place;
        is_first.then_some(View {
            place: self.place,
            ..view
        })
    }
}

impl Visitor for PassOn<'_, '_> {
    fn view(&mut self, view: View, shown: &Shown<'_>) {
        if let Some(view) = self.named(view) {
            self.session.visit(view, shown);
        }
    }

    fn bytes_for_rows(&self, size: Size) -> Option<u64> {
        self.session.bytes_for_rows(size)
    }

    fn begin(&mut self, size: Size) {
        self.size = Some(size);
        self.session.begin_rows(size);
    }

    fn branch(&mut self) {
        self.session.branch_rows();
    }

    fn rows(&mut self, form: usize, rows: &[u8]) {
        self.session.push_rows(form, rows);
    }

    fn end(&mut self, views: &[(usize, View)]) {
        let named = views.iter();
        let named: Vec<_> = named
            .filter_map(|&(form, view)| Some((form, self.named(view)?)))
            .collect();
        if let Some(size) = self.size.take().filter(|_| !named.is_empty()) {
            self.session.end_rows(size, &named);
        }
    }
}

fn own_places(session: &Session<'_>, media_type: MediaType) -> Vec<usize> {
    if media_type == MediaType::Tiff {
        tiff::places(session)
    } else {
        Vec::new()
    }
}

/// Where a file of this kind ends, by what it says itself and its decoder checks. The parts of a
/// TIFF may lie anywhere, and the others have lengths that nothing checks: of a file that is cut,
/// they reach into the next one.
fn end_of(media_type: MediaType, bytes: &[u8]) -> Option<usize> {
    match media_type {
        MediaType::Jpeg => jpeg::structure::structure(bytes).end,
        MediaType::Png => end_of_png(bytes),
        MediaType::Gif => gif::end(bytes),
        MediaType::Webp
        | MediaType::Bmp
        | MediaType::Heic
        | MediaType::Avif
        | MediaType::Tiff
        | MediaType::Undecoded(_)
        | MediaType::Unknown => None,
    }
}

fn end_of_riff(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    let end = length.checked_add(length % 2)?.checked_add(8)?;
    (end <= bytes.len()).then_some(end)
}

/// Boxes run on into a second file of the same kind, and one of no length means the rest of
/// all there is: neither is taken for the end.
fn end_of_boxes(bytes: &[u8]) -> Option<usize> {
    let mut end = None;
    for (kind, content) in iso::boxes(bytes, 0..bytes.len()) {
        let is_second = end.is_some() && &kind == b"ftyp";
        if is_second
            || !kind
                .iter()
                .all(|&byte| byte == b' ' || byte.is_ascii_graphic())
        {
            break;
        }
        let head = content
            .start
            .checked_sub(8)
            .and_then(|head| bytes.get(head..));
        let is_endless = head.is_some_and(|head| {
            head.starts_with(&[0; 4]) && head.get(4..8) == Some(kind.as_slice())
        });
        if is_endless {
            return Some(content.start);
        }
        end = Some(content.end);
    }
    end
}

fn end_of_png(bytes: &[u8]) -> Option<usize> {
    let mut position = 8_usize;
    loop {
        let head = bytes.get(position..position.checked_add(8)?)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let next = position.checked_add(12)?.checked_add(length)?;
        if next > bytes.len() {
            return None;
        }
        if &head[4..] == b"IEND" {
            return Some(next);
        }
        position = next;
    }
}

/// A file with more pictures glued together than this is odd enough to be looked at.
const PARTS_MAX: u32 = 8;
/// Films, and beginnings that are no nonsense and no picture. Each of these may cost a walk
/// through all of the file.
const TRIES_MAX: u32 = 32;
/// Before this many bytes nothing else begins.
const SIGNATURE_BYTES: usize = 8;
const PIECE_BYTES: usize = 64 << 10;
