//! How a partner writes hashes.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use data_encoding::{BASE32, BASE32_NOPAD};
use seawall_core::{Algorithm, Hash};
use serde::Deserialize;

/// How a partner writes the bytes of a hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal digits; written in lower case, read in either.
    #[default]
    Hex,
    /// Base64 of RFC 4648, section 4; written with padding, read with or without.
    Base64,
    /// Base32 of RFC 4648, section 6; written in capitals with padding, read of either case with
    /// or without.
    Base32,
}

impl Encoding {
    /// The hash as text.
    #[must_use]
    pub fn write(self, hash: &Hash) -> String {
        match self {
            Self::Hex => hash.to_string(),
            Self::Base64 => BASE64_STANDARD.encode(hash.to_bytes()),
            Self::Base32 => BASE32.encode(&hash.to_bytes()),
        }
    }

    /// Reads a hash of this kind; `None` where the text is none.
    #[must_use]
    pub fn read(self, algorithm: Algorithm, text: &str) -> Option<Hash> {
        let text = text.trim();
        let bytes = match self {
            Self::Hex => return Hash::parse(algorithm, text).ok(),
            Self::Base64 => BASE64_STANDARD_NO_PAD
                .decode(text.trim_end_matches('='))
                .ok(),
            Self::Base32 => {
                let text = text.trim_end_matches('=').to_ascii_uppercase();
                BASE32_NOPAD.decode(text.as_bytes()).ok()
            }
        };
        Hash::from_bytes(algorithm, &bytes?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-1 of "abc" (FIPS 180-2, A.1) as `printf abc | openssl sha1 -binary | base32` and
    /// `base64` write it.
    #[test]
    fn a_digest_has_its_three_forms() {
        let hex = "a9993e364706816aba3e25717850c26c9cd0d89d";
        let hash = Hash::parse(Algorithm::Sha1, hex).expect("digits");
        for (encoding, text) in [
            (Encoding::Hex, hex),
            (Encoding::Base64, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
            (Encoding::Base32, "VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5"),
        ] {
            assert_eq!(encoding.write(&hash), text);
            assert_eq!(encoding.read(Algorithm::Sha1, text), Some(hash));
            assert_eq!(encoding.read(Algorithm::Sha256, text), None);
        }
        let lower = "vgmt4nsha2awvor6evyxqugcnsonbwe5";
        assert_eq!(Encoding::Base32.read(Algorithm::Sha1, lower), Some(hash));
    }

    proptest::proptest! {
        #[test]
        fn every_digest_survives_every_form(bytes in proptest::array::uniform32(0_u8..)) {
            let hash = Hash::Sha256(bytes);
            for encoding in [Encoding::Hex, Encoding::Base64, Encoding::Base32] {
                let text = encoding.write(&hash);
                let unpadded = text.trim_end_matches('=');
                proptest::prop_assert_eq!(encoding.read(Algorithm::Sha256, &text), Some(hash));
                proptest::prop_assert_eq!(encoding.read(Algorithm::Sha256, unpadded), Some(hash));
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            for encoding in [Encoding::Hex, Encoding::Base64, Encoding::Base32] {
                let _ = encoding.read(Algorithm::Pdq, &text);
            }
        }
    }
}
