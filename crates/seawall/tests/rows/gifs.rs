//! GIF files of one frame, and of more.

use proptest::prelude::*;
use seawall_testkit::{GifFrame, raw_gif_in_colours};

use super::files::noise;

fn frame(place: (u16, u16), size: (u16, u16), seed: u64) -> GifFrame {
    GifFrame {
        left: place.0,
        top: place.1,
        width: size.0,
        height: size.1,
        indices: noise(usize::from(size.0) * usize::from(size.1), seed),
    }
}

/// The file, its frames see-through where their index is 0.
fn gif(screen: (u16, u16), frames: &[GifFrame], is_see_through: bool) -> Vec<u8> {
    let palette = std::array::from_fn(|index| [167, 89, 41].map(|f| (index * f % 256) as u8));
    let mut file = raw_gif_in_colours(screen.0, screen.1, &palette, frames);
    if is_see_through {
        let starts: Vec<usize> = controls(&file).collect();
        starts.into_iter().for_each(|at| file[at + 3] |= 1);
    }
    file
}

fn controls(file: &[u8]) -> impl Iterator<Item = usize> {
    let windows = file.windows(4).enumerate();
    windows.filter_map(|(at, bytes)| (bytes == b"!\xF9\x04\x04").then_some(at))
}

/// Files that give rows, with the number of their views.
pub(crate) fn by_rows() -> Vec<(String, Vec<u8>, usize)> {
    let named = |name: &str, file: Vec<u8>| {
        let views = super::files::views_of_whole(&file);
        (format!("GIF, {name}"), file, views)
    };
    let size = (70, 50);
    vec![
        named("plain", gif(size, &[frame((0, 0), size, 1)], false)),
        named("see-through", gif(size, &[frame((0, 0), size, 1)], true)),
        named("small", gif(size, &[frame((9, 20), (30, 20), 1)], false)),
        named("large", gif(size, &[frame((0, 0), (90, 80), 1)], false)),
        named("beside", gif(size, &[frame((80, 0), (90, 80), 1)], true)),
        named("below", gif(size, &[frame((3, 60), (10, 80), 1)], true)),
        named("across", gif(size, &[frame((60, 40), (20, 20), 1)], true)),
    ]
}

/// Files that come whole.
pub(crate) fn whole() -> Vec<(String, Vec<u8>)> {
    let size = (70, 50);
    let two = [frame((0, 0), size, 1), frame((0, 0), size, 2)];
    let mut interlaced = gif(size, &two[..1], false);
    let control = controls(&interlaced).next().expect("a frame");
    interlaced[control + 8 + 9] |= 0x40;
    vec![
        ("GIF that moves".to_owned(), gif(size, &two, false)),
        ("GIF, interlaced".to_owned(), interlaced),
    ]
}

pub(crate) fn any_gif() -> impl Strategy<Value = Vec<u8>> {
    let size = || (1_u16..90, 1_u16..90);
    let place = prop_oneof![2 => Just((0, 0)), 1 => (0_u16..60, 0_u16..60)];
    (size(), size(), place, any::<(bool, bool, u64)>()).prop_map(
        |(screen, size, place, (is_see_through, fills, seed))| {
            let size = if fills { screen } else { size };
            gif(screen, &[frame(place, size, seed)], is_see_through)
        },
    )
}
