//! The stand-ins for partners that lists come from, asked as a client would ask them.

mod arachnid;
mod caller;
mod faults;
mod hash_sharing;
mod stop_ncii;
mod tat;
mod threat_exchange;
