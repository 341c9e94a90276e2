//! What a platform tells about an upload. Personal: it lives only inside a case, sealed.

use seawall_core::{Redacted, Timestamp};
use serde::{Deserialize, Serialize};

/// Where on the platform an upload appeared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// Everyone can see it.
    #[default]
    Public,
    /// Between chosen people.
    Private,
    /// File storage.
    File,
    /// A profile's own picture or text.
    Profile,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Public, Self::Private, Self::File, Self::Profile];

    /// The name used in interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::File => "file",
            Self::Profile => "profile",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the uploader did when the address was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadEvent {
    /// Signing in.
    Login,
    /// Making the account.
    Registration,
    /// Buying something.
    Purchase,
    /// Sending the file.
    Upload,
    /// Something else.
    Other,
    /// Not known.
    Unknown,
}

/// The context of one upload (the field dictionary of the reporting laws, first slice).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadContext {
    /// The platform's own id of the uploader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploader_id: Option<Redacted<String>>,
    /// The name the uploader shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen_name: Option<Redacted<String>>,
    /// When it was uploaded; a zone is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploaded_at: Option<Timestamp>,
    /// Where on the platform it appeared.
    pub channel: ChannelKind,
    /// Its address, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Redacted<String>>,
    /// The uploader's IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<Redacted<std::net::IpAddr>>,
    /// The uploader's port (needed behind shared addresses).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What the uploader did when address and port were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<UploadEvent>,
    /// Countries whose law may apply, as two capital letters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jurisdictions: Vec<String>,
    /// The file's name as the uploader gave it. Shown as text, never used as a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<Redacted<String>>,
}

/// Why a context was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// A text is longer than its limit.
    #[error("reading the context: {field} is longer than {max} bytes")]
    TooLong {
        /// Which one.
        field: &'static str,
        /// The limit in bytes.
        max: usize,
    },
    /// Not a country code.
    #[error("reading the context: a jurisdiction is two capital letters, such as DE")]
    Jurisdiction,
    /// Port 0 does not exist.
    #[error("reading the context: a port is 1 to 65535")]
    Port,
}

impl UploadContext {
    /// Checks lengths and forms.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), ContextError> {
        let texts = [
            ("uploader_id", self.uploader_id.as_ref(), 255),
            ("screen_name", self.screen_name.as_ref(), 255),
            ("url", self.url.as_ref(), 2_083),
            ("file_name", self.file_name.as_ref(), 2_056),
        ];
        for (field, text, max) in texts {
            if text.is_some_and(|text| text.reveal().len() > max) {
                return Err(ContextError::TooLong { field, max });
            }
        }
        let is_country =
            |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        if self.jurisdictions.len() > 32 || !self.jurisdictions.iter().all(is_country) {
            return Err(ContextError::Jurisdiction);
        }
        if self.port == Some(0) {
            Err(ContextError::Port)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_do_not_appear_in_debug_output() {
        let context = UploadContext {
            uploader_id: Some(Redacted("somebody".into())),
            ip: Some(Redacted("192.0.2.7".parse().expect("address"))),
            ..UploadContext::default()
        };
        let text = format!("{context:?}");
        assert!(
            !text.contains("somebody") && !text.contains("192.0.2.7"),
            "{text}"
        );
    }

    #[test]
    fn bad_values_are_named() {
        let long = UploadContext {
            url: Some(Redacted("x".repeat(2_084))),
            ..UploadContext::default()
        };
        assert_eq!(
            long.check(),
            Err(ContextError::TooLong {
                field: "url",
                max: 2_083
            })
        );
        let country = UploadContext {
            jurisdictions: vec!["de".into()],
            ..UploadContext::default()
        };
        assert_eq!(country.check(), Err(ContextError::Jurisdiction));
        let port = UploadContext {
            port: Some(0),
            ..UploadContext::default()
        };
        assert_eq!(port.check(), Err(ContextError::Port));
        assert_eq!(UploadContext::default().check(), Ok(()));
    }

    #[test]
    fn an_unknown_field_or_a_time_without_zone_is_refused() {
        for bad in [
            r#"{"colour":1}"#,
            r#"{"uploaded_at":"2026-01-01T00:00:00"}"#,
        ] {
            assert!(serde_json::from_str::<UploadContext>(bad).is_err(), "{bad}");
        }
    }
}
