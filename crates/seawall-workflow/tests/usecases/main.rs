//! The use-cases on a real store and vault, with a clock that the tests move.
//!
//! No decoder process is needed: the program named as one is none, so every file is refused
//! as a picture and found by its digests alone, which is a path worth walking anyway.

mod access;
mod delivery;
mod exceptions;
mod exchanges;
mod fixture;
mod lists;
mod messages;
mod review;
mod scanning;
mod seen;
