//! The calls of the decoder.

use re_rav1d::dav1d::{Decoder, Error, Picture, Settings};
use seawall_core::Reason;

/// A decoder of one picture, or of the pictures of one track in their order.
pub(super) struct Pictures(Decoder);

impl Pictures {
    /// It is told to refuse larger frames than this, whatever the boxes around them said.
    pub(super) fn new(pixels_max: u64) -> Result<Self, Reason> {
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        settings.set_all_layers(false);
        settings.set_frame_size_limit(u32::try_from(pixels_max).unwrap_or(u32::MAX).max(1));
        Decoder::with_settings(&settings).map(Self).map_err(reason)
    }

    /// The picture that these coded bytes end with.
    pub(super) fn next(&mut self, data: Vec<u8>) -> Result<Picture, Reason> {
        match self.0.send_data(data, None, None, None) {
            Ok(()) | Err(Error::Again) => {}
            Err(error) => return Err(reason(error)),
        }
        let mut last = None;
        for _ in 0..TRIES_MAX {
            match self.0.get_picture() {
                Ok(picture) => last = Some(picture),
                Err(Error::Again) => match self.0.send_pending_data() {
                    Ok(()) if last.is_some() => break,
                    Ok(()) | Err(Error::Again) => {}
                    Err(error) => return Err(reason(error)),
                },
                Err(error) => return Err(reason(error)),
            }
        }
        // What was sent and not taken in must not stay for the next.
        match self.0.send_pending_data() {
            Ok(()) => last.ok_or(Reason::Damaged),
            Err(_) => Err(Reason::Damaged),
        }
    }
}

fn reason(error: Error) -> Reason {
    match error {
        Error::NotEnoughMemory => Reason::TooMuchMemory,
        Error::UnsupportedBitstream => Reason::UnsupportedFormat,
        // The enum is the library's and open; its other kinds all mean bytes that do not fit.
        _ => Reason::Damaged,
    }
}

/// A picture comes at the first try; layers may need some more.
const TRIES_MAX: usize = 16;
