//! Figures, added up from the audit log.

use seawall_casework::figures::{Counter, Figures};
use seawall_store::StoreError;

use crate::Workflow;

impl Workflow {
    /// The figures up to now, the running tally included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn figures(&self) -> Result<Figures, StoreError> {
        self.write_tally()?;
        self.store.read(|reader| {
            let mut counter = Counter::default();
            let mut outcome = Ok(());
            reader.each_event(|mut events| {
                outcome = (&mut events).try_for_each(|event| {
                    counter.add(&event?.read()?);
                    Ok(())
                });
            })?;
            outcome.map(|()| counter.finish())
        })
    }
}
