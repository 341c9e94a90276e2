//! Hash pictures and match them against banks of known hashes
