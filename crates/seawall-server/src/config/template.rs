//! The commented configuration that `seawall init` writes.

use seawall_casework::context::ChannelKind;

/// What `seawall init` was told.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The provider's name.
    pub provider: String,
    /// First name of the person to contact.
    pub contact_first_name: String,
    /// Last name of the person to contact.
    pub contact_last_name: String,
    /// E-mail address of the person to contact.
    pub contact_email: String,
    /// The channels that the seen index keeps; none leaves it off.
    pub seen_channels: Vec<ChannelKind>,
}

/// A configuration with every key: those with a default stand commented, as `#: key = value`.
#[must_use]
pub fn template(answers: &Answers) -> String {
    let mut text = TEMPLATE.to_owned();
    for (place, value) in [
        ("{provider}", &answers.provider),
        ("{first_name}", &answers.contact_first_name),
        ("{last_name}", &answers.contact_last_name),
        ("{email}", &answers.contact_email),
    ] {
        text = text.replace(place, &toml::Value::from(value.as_str()).to_string());
    }
    text.replace("{seen}", &seen(&answers.seen_channels))
}

fn seen(channels: &[ChannelKind]) -> String {
    let names: Vec<String> = channels
        .iter()
        .map(|channel| format!("\"{}\"", channel.name()))
        .collect();
    match names.is_empty() {
        true => "#: channels = [\"public\"]".to_owned(),
        false => format!("channels = [{}]", names.join(", ")),
    }
}

const TEMPLATE: &str = include_str!("template.toml");
