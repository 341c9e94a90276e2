//! `[provider]`: who runs this server.

use seawall_casework::report::Reporter;
use seawall_core::Redacted;
use serde::Deserialize;

/// Who runs this server, and who can be asked about a report.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provider {
    /// The provider's name.
    pub name: String,
    /// First name of the person to contact.
    pub contact_first_name: Redacted<String>,
    /// Last name of the person to contact.
    pub contact_last_name: Redacted<String>,
    /// E-mail address of the person to contact.
    pub contact_email: Redacted<String>,
    /// Telephone number of the person to contact.
    pub contact_phone: Option<Redacted<String>>,
    /// The part of the terms of service that forbids such material.
    pub terms_of_service: Option<String>,
    /// Where law enforcement finds how to ask this provider.
    pub legal_url: Option<String>,
}

impl Provider {
    /// Whether a report could be sent in this provider's name.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let contact = [
            &self.contact_first_name,
            &self.contact_last_name,
            &self.contact_email,
        ];
        !self.name.is_empty() && contact.iter().all(|text| !text.reveal().is_empty())
    }

    /// The provider as a report names it.
    #[must_use]
    pub fn reporter(&self) -> Reporter {
        Reporter {
            company: self.name.clone(),
            contact_first_name: self.contact_first_name.clone(),
            contact_last_name: self.contact_last_name.clone(),
            email: self.contact_email.clone(),
            phone: self.contact_phone.clone(),
            terms_of_service: self.terms_of_service.clone(),
            legal_url: self.legal_url.clone(),
        }
    }
}
