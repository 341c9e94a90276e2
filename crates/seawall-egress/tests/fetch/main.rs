//! Fetching by URL, over real connections on loopback, with names of a double.
//!
//! `127.0.0.1` stands for the public network: it is the one address that the policy of most
//! tests allows. `127.0.0.2` stands for the inside.

mod double;
mod identity;
mod limits;
mod names;
mod redirects;
mod spellings;
