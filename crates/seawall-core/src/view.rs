//! Which form of a picture a hash was computed from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One form of one picture of a file.
///
/// Written as up to three words with `/` between them: the place in the file (left out where
/// the file is one picture), `upright`, and what was done with the pixels. Where nothing is
/// left to say, it is `stored`. So: `stored`, `upright`, `on-white`, `upright/on-white`,
/// `frame:12`, `frame:12/upright`, `page:2/on-black`, `part:2`, `turned:90`, `mirrored`,
/// `mirrored:270`, `unbordered`, `legacy-palette`. Numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct View {
    /// Which picture of the file.
    pub place: Place,
    /// Whether its orientation tag was applied, as a viewer does; without, the pixels are as
    /// they are stored, as most lists are made.
    pub upright: bool,
    /// What was done with its pixels.
    pub form: Form,
}

/// A picture's place in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The file is this picture, or shows this one to programs that show only one.
    Whole,
    /// One frame of an animation, counted from 1.
    Frame(u32),
    /// One page of a document, counted from 1.
    Page(u32),
    /// A picture glued behind another one; the first of the file, which is 1, is `Whole`.
    Part(u32),
}

/// What was done with a picture's pixels before they were hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Their colours, transparency ignored: what lists are made from.
    Plain,
    /// Partly transparent pixels as they look on a white ground.
    OnWhite,
    /// Partly transparent pixels as they look on a black ground.
    OnBlack,
    /// One of the seven other orientations.
    Turned(Turn),
    /// Without the border of one colour around or beside it.
    Unbordered,
    /// Indices into the palette as if they were grey values: wrong, and what a common tool
    /// made lists from.
    LegacyPalette,
}

/// A way to turn a picture: mirrored or not, then turned clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// By a quarter.
    Turned90,
    /// By a half.
    Turned180,
    /// By three quarters.
    Turned270,
    /// Left and right swapped.
    Mirrored,
    /// Left and right swapped, then turned by a quarter.
    Mirrored90,
    /// Left and right swapped, then turned by a half: top and bottom swapped.
    Mirrored180,
    /// Left and right swapped, then turned by three quarters.
    Mirrored270,
}

/// Which forms are computed beside those that are always.
///
/// They find copies that were changed on purpose or listed in an odd form, and each costs
/// time and adds to the chance of a false match, so they have to be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewOptions {
    /// The seven other orientations, [`Form::Turned`].
    pub orientations: bool,
    /// Without borders, [`Form::Unbordered`].
    pub border: bool,
    /// Palette indices as grey values, [`Form::LegacyPalette`].
    pub legacy_palette: bool,
}

impl View {
    /// The pixels as they are stored.
    pub const STORED: Self = Self::of(Place::Whole);
    /// The pixels as a viewer shows them, orientation tag applied.
    pub const UPRIGHT: Self = Self {
        upright: true,
        ..Self::STORED
    };
    /// The most views that one picture of a file can have: plain, on white, on black and
    /// unbordered, each as stored and upright, seven turns, and the legacy form.
    pub const FORMS_MAX: usize = 16;

    /// The plain form of a picture, as stored.
    #[must_use]
    pub const fn of(place: Place) -> Self {
        Self {
            place,
            upright: false,
            form: Form::Plain,
        }
    }

    /// A frame of an animation, as stored, counted from 1.
    #[must_use]
    pub const fn frame(number: u32) -> Self {
        Self::of(Place::Frame(number))
    }

    /// A page of a document, as stored, counted from 1.
    #[must_use]
    pub const fn page(number: u32) -> Self {
        Self::of(Place::Page(number))
    }

    /// The same picture in another form.
    #[must_use]
    pub const fn with(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

impl Turn {
    /// Every turn.
    pub const ALL: [Self; 7] = [
        Self::Turned90,
        Self::Turned180,
        Self::Turned270,
        Self::Mirrored,
        Self::Mirrored90,
        Self::Mirrored180,
        Self::Mirrored270,
    ];

    /// The name used in files and interfaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Turned90 => "turned:90",
            Self::Turned180 => "turned:180",
            Self::Turned270 => "turned:270",
            Self::Mirrored => "mirrored",
            Self::Mirrored90 => "mirrored:90",
            Self::Mirrored180 => "mirrored:180",
            Self::Mirrored270 => "mirrored:270",
        }
    }
}

/// A text that names no view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading a view: expected words such as stored, upright, frame:N, page:N or on-white")]
pub struct ViewError;

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::STORED {
            return f.write_str("stored");
        }
        let place = self.place.word();
        let upright = self.upright.then(|| "upright".to_owned());
        let form = self.form.word().map(str::to_owned);
        let words: Vec<String> = [place, upright, form].into_iter().flatten().collect();
        f.write_str(&words.join("/"))
    }
}

impl FromStr for View {
    type Err = ViewError;

    fn from_str(text: &str) -> Result<Self, ViewError> {
        if text == "stored" {
            return Ok(Self::STORED);
        }
        let mut words = text.split('/').peekable();
        let place = words.peek().copied().and_then(Place::from_word);
        words.next_if(|_| place.is_some());
        let upright = words.next_if_eq(&"upright").is_some();
        let form = words.peek().copied().and_then(Form::from_word);
        words.next_if(|_| form.is_some());
        let view = Self {
            place: place.unwrap_or(Place::Whole),
            upright,
            form: form.unwrap_or(Form::Plain),
        };
        // One text a view: no leading zeros, no word too many.
        let is_whole = words.next().is_none() && view.to_string() == text;
        is_whole.then_some(view).ok_or(ViewError)
    }
}

impl Place {
    fn word(self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Frame(number) => Some(format!("frame:{number}")),
            Self::Page(number) => Some(format!("page:{number}")),
            Self::Part(number) => Some(format!("part:{number}")),
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let (noun, number) = word.split_once(':')?;
        let number = number.parse().ok()?;
        match noun {
            "frame" => Some(Self::Frame(number)),
            "page" => Some(Self::Page(number)),
            "part" => Some(Self::Part(number)),
            _ => None,
        }
    }
}

impl Form {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::OnWhite => Some("on-white"),
            Self::OnBlack => Some("on-black"),
            Self::Turned(turn) => Some(turn.name()),
            Self::Unbordered => Some("unbordered"),
            Self::LegacyPalette => Some("legacy-palette"),
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let named = [
            Self::OnWhite,
            Self::OnBlack,
            Self::Unbordered,
            Self::LegacyPalette,
        ];
        let turned = Turn::ALL.map(Self::Turned);
        let mut all = named.into_iter().chain(turned);
        all.find(|form| form.word() == Some(word))
    }
}

impl TryFrom<String> for View {
    type Error = ViewError;

    fn try_from(text: String) -> Result<Self, ViewError> {
        text.parse()
    }
}

impl From<View> for String {
    fn from(view: View) -> Self {
        view.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_have_their_documented_text_form() {
        let upright = |view| View {
            upright: true,
            ..view
        };
        let part = View::of(Place::Part(2));
        for (view, text) in [
            (View::STORED, "stored"),
            (View::UPRIGHT, "upright"),
            (View::frame(12), "frame:12"),
            (upright(View::frame(12)), "frame:12/upright"),
            (View::page(2).with(Form::OnBlack), "page:2/on-black"),
            (View::STORED.with(Form::OnWhite), "on-white"),
            (View::UPRIGHT.with(Form::OnWhite), "upright/on-white"),
            (
                upright(part).with(Form::Unbordered),
                "part:2/upright/unbordered",
            ),
            (View::STORED.with(Form::Turned(Turn::Turned90)), "turned:90"),
            (View::STORED.with(Form::Turned(Turn::Mirrored)), "mirrored"),
            (View::STORED.with(Form::LegacyPalette), "legacy-palette"),
        ] {
            assert_eq!(view.to_string(), text);
            assert_eq!(text.parse(), Ok(view));
        }
    }

    #[test]
    fn every_view_survives_its_text_form() {
        let forms = [
            Form::Plain,
            Form::OnWhite,
            Form::OnBlack,
            Form::Unbordered,
            Form::LegacyPalette,
        ];
        let turned = Turn::ALL.map(Form::Turned);
        for form in forms.into_iter().chain(turned) {
            for place in [
                Place::Whole,
                Place::Frame(7),
                Place::Page(1),
                Place::Part(2),
            ] {
                for upright in [false, true] {
                    let view = View {
                        place,
                        upright,
                        form,
                    };
                    assert_eq!(view.to_string().parse(), Ok(view), "{view}");
                }
            }
        }
    }

    #[test]
    fn other_texts_name_no_view() {
        for bad in [
            "",
            "Stored",
            "frame",
            "frame:",
            "frame:-1",
            "page:x",
            "frame:07",
            "frame:+7",
            "stored/on-white",
            "on-white/upright",
            "upright/upright",
            "turned:45",
            "/",
            "on-white/",
            "frame:1/page:2",
            "plain",
        ] {
            assert_eq!(bad.parse::<View>(), Err(ViewError), "{bad}");
        }
    }
}
