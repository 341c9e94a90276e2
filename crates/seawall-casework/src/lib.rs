//! Cases, decisions, reports and the audit chain as pure state machines
