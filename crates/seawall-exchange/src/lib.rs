//! List formats and partner protocols as pure state machines
