//! Use-cases: ingest, triage, decide, deliver, publish
