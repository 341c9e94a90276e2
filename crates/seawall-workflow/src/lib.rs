//! Use-cases: ingest, triage, decide, deliver, publish

pub mod worker;
