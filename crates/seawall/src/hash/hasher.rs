//! Views in, hashes out.

use seawall_core::{Hash, HashRecord, View};
use seawall_decode::{Shown, Size, Visitor};
use seawall_simd::pdq::PdqStream;

use super::{Pdq, pdq_shown, row_kind};

/// Hashes each view of a file, also of pictures whose rows come one by one.
#[derive(Default)]
pub(super) struct Hasher {
    pub(super) hashes: Vec<HashRecord>,
    /// The forms whose rows come now; none of a picture that is too small.
    forms: Vec<Option<PdqStream>>,
}

impl Hasher {
    fn push(&mut self, view: View, pdq: Option<Pdq>) {
        self.hashes.extend(pdq.map(|pdq| HashRecord {
            hash: Hash::Pdq(pdq.hash),
            quality: Some(pdq.quality),
            view: Some(view),
        }));
    }
}

impl Visitor for Hasher {
    fn view(&mut self, view: View, shown: &Shown<'_>) {
        self.push(view, pdq_shown(shown));
    }

    fn bytes_for_rows(&self, size: Size) -> Option<u64> {
        let kind = row_kind(size.kind);
        Some(PdqStream::bytes_max(size.width, size.height, kind))
    }

    fn begin(&mut self, size: Size) {
        let kind = row_kind(size.kind);
        self.forms = vec![PdqStream::new(size.width, size.height, kind)];
    }

    fn branch(&mut self) {
        let first = self.forms.first().cloned();
        self.forms.extend(first);
    }

    fn rows(&mut self, form: usize, rows: &[u8]) {
        if let Some(Some(stream)) = self.forms.get_mut(form) {
            stream.push_rows(rows);
        }
    }

    fn end(&mut self, views: &[(usize, View)]) {
        let mut forms = std::mem::take(&mut self.forms);
        for &(form, view) in views {
            let stream = forms.get_mut(form).and_then(Option::take);
            let pdq = stream.and_then(PdqStream::finish).map(Pdq::from);
            self.push(view, pdq);
        }
    }
}
