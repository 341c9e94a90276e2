//! What is kept: SQLite store and evidence vault
