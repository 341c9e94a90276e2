//! Tiles, decoded one by one.

use heic_decoder::{ColorInfo, DecodedImage};
use seawall_core::{PixelKind, Pixels, Reason};

use super::reason;
use super::strip::{SEAM, Strip};
use super::unit::{self, Described};
use crate::iso::{Container, Grid, Item};
use crate::session::Session;

/// The tiles of one picture, all of one size.
pub(super) struct Tiles<'c> {
    pub(super) ids: &'c [u32],
    pub(super) grid: Grid,
    tile: Described,
    /// Coded bytes of the largest tile.
    data_bytes: u64,
}

impl<'c> Tiles<'c> {
    /// A picture of one piece.
    pub(super) fn of_one(
        session: &mut Session<'_>,
        container: &Container<'_>,
        item: &'c Item,
    ) -> Result<Self, Reason> {
        let description = container.property(item, *b"hvcC").ok_or(Reason::Damaged)?;
        let tile = Described::read(session, description)?;
        let side = |side: usize| u32::try_from(side).map_err(|_| Reason::TooManyPixels);
        let grid = Grid {
            rows: 1,
            columns: 1,
            width: side(tile.width)?,
            height: side(tile.height)?,
        };
        Ok(Self {
            ids: std::slice::from_ref(&item.id),
            grid,
            tile,
            data_bytes: container.data_bytes(item),
        })
    }

    /// The tiles of a grid item.
    pub(super) fn of_grid(
        session: &mut Session<'_>,
        container: &'c Container<'_>,
        item: &Item,
    ) -> Result<Self, Reason> {
        let grid = container.grid(item).ok_or(Reason::Damaged)?;
        let ids = container.referred(item.id, *b"dimg");
        if ids.len() as u64 != u64::from(grid.rows) * u64::from(grid.columns)
            || grid.width == 0
            || grid.height == 0
        {
            return Err(Reason::Damaged);
        }
        let mut known: Option<(&[u8], Described)> = None;
        let mut data_bytes = 0;
        for &id in ids {
            session.check_time()?;
            let tile = container.item(id).ok_or(Reason::Damaged)?;
            data_bytes = container.data_bytes(tile).max(data_bytes);
            let description = container.property(tile, *b"hvcC").ok_or(Reason::Damaged)?;
            if known.is_some_and(|(known, _)| std::ptr::eq(known, description)) {
                continue;
            }
            let described = Described::read(session, description)?;
            if known.is_some_and(|(_, other)| other != described) {
                session.note("a grid with tiles of several kinds is not supported");
                return Err(Reason::UnsupportedFormat);
            }
            known = Some((description, described));
        }
        let (_, tile) = known.ok_or(Reason::Damaged)?;
        Ok(Self {
            ids,
            grid,
            tile,
            data_bytes,
        })
    }

    /// The picture in colours, black where there is no tile.
    pub(super) fn colours(
        &self,
        session: &mut Session<'_>,
        container: &Container<'_>,
        colour: Option<ColorInfo>,
    ) -> Result<Pixels, Reason> {
        let (width, height) = self.size();
        let strip_pixels = (width as u64).saturating_mul(self.tile.height as u64 + 2 * SEAM as u64);
        let strip_bytes = strip_pixels.saturating_mul(self.tile.plane_bytes + 3);
        self.check(session, 3, strip_bytes)?;
        let mut data = vec![0; width * height * 3];
        let mut strip: Option<Strip> = None;
        let mut missing = 0;
        for (row, ids) in self.rows() {
            let (top, bottom) = self.span(row);
            if let Some(strip) = &mut strip {
                strip.grow(bottom);
            }
            for (left, id) in self.placed(ids) {
                let Some(tile) = self.decoded(session, container, id)? else {
                    missing += 1;
                    continue;
                };
                let strip =
                    strip.get_or_insert_with(|| Strip::new(width, &tile, colour, top..bottom));
                if !strip.paste(&tile, left, top) {
                    missing += 1;
                }
            }
            if let Some(strip) = &mut strip {
                // The rows at the seam wait for the next tiles.
                let is_last = bottom == height || row + 1 == self.grid.rows as usize;
                let ready = if is_last {
                    bottom
                } else {
                    bottom.saturating_sub(SEAM)
                };
                strip
                    .convert(ready, &mut data)
                    .map_err(|error| reason(session, &error))?;
            }
        }
        self.say_missing(session, missing)?;
        Pixels::new(width, height, PixelKind::Rgb8, data).map_err(|_| Reason::Damaged)
    }

    /// How opaque each pixel is; fully where there is no tile.
    pub(super) fn opacity(
        &self,
        session: &mut Session<'_>,
        container: &Container<'_>,
    ) -> Result<Vec<u8>, Reason> {
        // The colours are there already.
        self.check(session, 3 + 1, 0)?;
        let (width, height) = self.size();
        let mut data = vec![u8::MAX; width * height];
        let mut missing = 0;
        for (row, ids) in self.rows() {
            let (top, bottom) = self.span(row);
            for (left, id) in self.placed(ids) {
                let Some(tile) = self.decoded(session, container, id)? else {
                    missing += 1;
                    continue;
                };
                let columns = tile.width.min(width - left);
                for y in top..bottom {
                    let source = &tile.y[(y - top) * tile.width..][..columns];
                    let target = &mut data[y * width + left..][..columns];
                    for (target, &sample) in target.iter_mut().zip(source) {
                        *target = opaque(sample, tile.bit_depth_luma);
                    }
                }
            }
        }
        self.say_missing(session, missing)?;
        Ok(data)
    }

    fn size(&self) -> (usize, usize) {
        (self.grid.width as usize, self.grid.height as usize)
    }

    /// Whether the picture fits into the limits: so many bytes a pixel, so many others, and
    /// one tile while it is decoded.
    fn check(&self, session: &Session<'_>, bytes_a_pixel: u64, others: u64) -> Result<(), Reason> {
        let (width, height) = (u64::from(self.grid.width), u64::from(self.grid.height));
        let bytes = width
            .saturating_mul(height)
            .saturating_mul(bytes_a_pixel)
            .saturating_add(others)
            .saturating_add(self.tile.peak_bytes())
            .saturating_add(unit::COPIES.saturating_mul(self.data_bytes));
        session.check_size(width, height, bytes)?;
        // What a tile has beyond the picture counts too.
        session.check_size(self.tile.pixels, 1, bytes)
    }

    /// The rows of tiles that begin inside the picture.
    fn rows(&self) -> impl Iterator<Item = (usize, &'c [u32])> {
        let rows = self.size().1.div_ceil(self.tile.height);
        let rows_of_ids = self.ids.chunks(self.grid.columns as usize);
        rows_of_ids.take(rows).enumerate()
    }

    /// The rows of pixels of a row of tiles.
    fn span(&self, row: usize) -> (usize, usize) {
        let top = row * self.tile.height;
        (top, self.size().1.min(top + self.tile.height))
    }

    /// Tiles of a row that begin inside the picture, with the column where each does.
    fn placed(&self, ids: &'c [u32]) -> impl Iterator<Item = (usize, u32)> {
        let columns = self.size().0.div_ceil(self.tile.width);
        let width = self.tile.width;
        let ids = ids.iter().take(columns).enumerate();
        ids.map(move |(column, &id)| (column * width, id))
    }

    /// A tile; none where it is damaged.
    fn decoded(
        &self,
        session: &mut Session<'_>,
        container: &Container<'_>,
        id: u32,
    ) -> Result<Option<DecodedImage>, Reason> {
        session.check_time()?;
        let item = container.item(id).ok_or(Reason::Damaged)?;
        match unit::decode(session, container, item) {
            Ok(tile) if (tile.width, tile.height) == (self.tile.width, self.tile.height) => {
                Ok(Some(tile))
            }
            Ok(_) | Err(Reason::Damaged) => Ok(None),
            Err(reason) => Err(reason),
        }
    }

    /// Says that tiles are missing, or that those there are do not fill the picture.
    fn say_missing(&self, session: &mut Session<'_>, missing: usize) -> Result<(), Reason> {
        let reach = |tiles: u32, side: usize| (tiles as usize).saturating_mul(side);
        let (width, height) = self.size();
        let fills = reach(self.grid.columns, self.tile.width) >= width
            && reach(self.grid.rows, self.tile.height) >= height;
        let total: usize = self.rows().map(|(_, ids)| self.placed(ids).count()).sum();
        if missing == total {
            return Err(Reason::Damaged);
        }
        if missing > 0 {
            session.note(&format!(
                "{missing} of {total} tiles are missing or damaged"
            ));
        }
        if missing > 0 || !fills {
            session.damaged.set(true);
        }
        Ok(())
    }
}

/// A sample in eight bits.
fn opaque(sample: i32, bits: u32) -> u8 {
    let top = (1_u64 << bits) - 1;
    let sample = u64::try_from(sample).unwrap_or(0).min(top);
    u8::try_from((sample * 255 + top / 2) / top).unwrap_or(u8::MAX)
}
