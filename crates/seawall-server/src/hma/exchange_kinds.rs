//! The kinds of exchange as clients of HMA know them, and what the configuration of each has to
//! say. A test holds the tables against what reads the configuration.

use seawall_exchange::ncmec::Environment;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::config::Protocol;

/// What a kind of exchange is set up with.
#[derive(Serialize, ToSchema)]
pub(super) struct SchemaBody {
    /// What stands in its section of the configuration.
    config_schema: FieldsBody,
    /// What stands under `secrets` there. That of the kind `list` is what its description names.
    credentials_schema: FieldsBody,
}

/// Fields.
#[derive(Serialize, ToSchema)]
struct FieldsBody {
    fields: Vec<Field>,
}

/// A field.
#[derive(Serialize, ToSchema)]
struct Field {
    name: &'static str,
    /// `string`, `number`, `boolean`, `enum` or `set_of_number`.
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    /// What holds where nothing is said.
    #[schema(value_type = serde_json::Value)]
    default: Value,
    help: &'static str,
    /// What it is one of.
    choices: Option<Vec<&'static str>>,
}

impl SchemaBody {
    /// That of a kind.
    pub(super) fn of(protocol: Protocol) -> Self {
        let mut fields = config_fields(protocol);
        fields.extend(common_fields());
        Self {
            config_schema: FieldsBody { fields },
            credentials_schema: FieldsBody {
                fields: credential_fields(protocol),
            },
        }
    }
}

/// What HMA calls a kind, where it has an equal; else its own name.
pub(super) fn name_of(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::ThreatExchange => "fb_threatexchange",
        Protocol::Ncmec | Protocol::StopNcii | Protocol::Tat | Protocol::List => protocol.name(),
    }
}

/// The kind with this name.
pub(super) fn named(name: &str) -> Option<Protocol> {
    let mut all = Protocol::ALL.into_iter();
    all.find(|protocol| name_of(*protocol) == name)
}

/// What HMA calls the kind that an exchange was made with.
pub(super) fn name_of_stored(protocol: &str) -> &str {
    let mut all = Protocol::ALL.into_iter();
    let known = all.find(|known| known.name() == protocol);
    match known {
        Some(known) => name_of(known),
        None => protocol,
    }
}

fn config_fields(protocol: Protocol) -> Vec<Field> {
    match protocol {
        Protocol::Ncmec => vec![
            Field {
                choices: Some(Environment::ALL.map(Environment::name).to_vec()),
                ..required("list", "enum", "which list")
            },
            optional(
                "test",
                "boolean",
                json!(false),
                "the list's twin for tests is meant",
            ),
            optional(
                "members",
                "set_of_number",
                Value::Null,
                "the members whose entries are taken, by number; all where nothing is said",
            ),
        ],
        Protocol::ThreatExchange => vec![required(
            "privacy_group",
            "number",
            "the privacy group's number",
        )],
        Protocol::List => vec![required(
            "description",
            "string",
            "the page of TOML that describes the partner",
        )],
        Protocol::StopNcii | Protocol::Tat => Vec::new(),
    }
}

fn common_fields() -> [Field; 4] {
    [
        optional(
            "url",
            "string",
            Value::Null,
            "the partner's address, where it is not the usual one",
        ),
        Field {
            choices: Some(vec!["public", "any", "loopback"]),
            ..optional(
                "network",
                "enum",
                json!("public"),
                "which addresses the partner may be at",
            )
        },
        optional(
            "every_minutes",
            "number",
            json!(60),
            "how long after a run the next one begins",
        ),
        optional(
            "missing_percent_max",
            "number",
            json!(10),
            "a whole list that lacks more than so many of a hundred of its contents waits for a person",
        ),
    ]
}

fn credential_fields(protocol: Protocol) -> Vec<Field> {
    let secret = |name, help| required(name, "string", help);
    match protocol {
        Protocol::Ncmec | Protocol::Tat => vec![
            secret("user", "the account's name"),
            secret("password", "the account's password"),
        ],
        Protocol::StopNcii => vec![
            secret("subscription_key", "the key of the subscription"),
            secret("fetch_key", "the key for fetching hashes"),
            optional(
                "feedback_key",
                "string",
                Value::Null,
                "the key for feedback",
            ),
            optional(
                "submit_key",
                "string",
                Value::Null,
                "the key for submitting hashes",
            ),
        ],
        Protocol::ThreatExchange => vec![secret("token", "the access token of the app")],
        Protocol::List => Vec::new(),
    }
}

fn required(name: &'static str, kind: &'static str, help: &'static str) -> Field {
    Field {
        required: true,
        ..optional(name, kind, Value::Null, help)
    }
}

fn optional(name: &'static str, kind: &'static str, default: Value, help: &'static str) -> Field {
    Field {
        name,
        kind,
        required: false,
        default,
        help,
        choices: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExchangeConfig;

    /// A value that a field takes, as TOML.
    fn value_of(field: &Field) -> String {
        match (&field.choices, field.kind, field.name) {
            (Some(choices), _, _) => format!("\"{}\"", choices[0]),
            (None, "number", _) => "7".to_owned(),
            (None, "boolean", _) => "true".to_owned(),
            (None, "set_of_number", _) => "[7]".to_owned(),
            (None, _, "url") => "\"https://partner.example/v1\"".to_owned(),
            (None, _, _) => "\"page.toml\"".to_owned(),
        }
    }

    /// Whether a section with these fields and secrets is one that a server starts with.
    fn is_taken(protocol: Protocol, fields: &[&Field], secrets: &[&str]) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let page = include_str!("../../../seawall-exchange/src/list_client/partners/tat.toml");
        for (file, text) in [("page.toml", page), ("secret", "0123456789")] {
            std::fs::write(folder.path().join(file), text).expect("written");
        }
        let fields = fields.iter();
        let fields = fields.map(|field| format!("{} = {}\n", field.name, value_of(field)));
        let secrets = secrets
            .iter()
            .map(|name| format!("{name} = \"file:secret\""));
        let text = format!(
            "protocol = \"{}\"\nbank = \"P\"\n{}secrets = {{ {} }}",
            protocol.name(),
            fields.collect::<String>(),
            secrets.collect::<Vec<_>>().join(", ")
        );
        let config: ExchangeConfig = toml::from_str(&text).expect(&text);
        config.setup("partner", folder.path()).is_ok()
    }

    #[test]
    fn each_schema_says_what_the_configuration_takes_and_needs() {
        for protocol in Protocol::ALL {
            let schema = SchemaBody::of(protocol);
            let all: Vec<&Field> = schema.config_schema.fields.iter().collect();
            let secrets = &schema.credentials_schema.fields;
            let mut names: Vec<&str> = secrets.iter().map(|field| field.name).collect();
            if protocol == Protocol::List {
                // What this description needs.
                names = vec!["user", "password"];
            }
            let needed: Vec<&Field> = all.iter().copied().filter(|field| field.required).collect();
            assert!(is_taken(protocol, &all, &names), "{protocol:?}");
            assert!(is_taken(protocol, &needed, &names), "{protocol:?}");
            for left_out in &needed {
                let others = needed.iter().copied();
                let others: Vec<&Field> =
                    others.filter(|field| field.name != left_out.name).collect();
                assert!(!is_taken(protocol, &others, &names), "{}", left_out.name);
            }
            for secret in secrets {
                let others = names.iter().copied().filter(|name| *name != secret.name);
                let is_taken = is_taken(protocol, &needed, &others.collect::<Vec<_>>());
                assert_eq!(is_taken, !secret.required, "{}", secret.name);
            }
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_configuration() {
        let text = "protocol = \"tat\"\nbank = \"P\"";
        let config: ExchangeConfig = toml::from_str(text).expect("a section");
        let default = |name| {
            let mut fields = common_fields().into_iter();
            fields.find(|field| field.name == name).expect(name).default
        };
        assert_eq!(default("every_minutes"), json!(config.every_minutes));
        assert_eq!(
            default("missing_percent_max"),
            json!(config.missing_percent_max)
        );
        assert_eq!(default("url"), Value::Null);
        assert_eq!(config.network, crate::config::PartnerNetwork::Public);
    }

    #[test]
    fn names_are_hmas_where_it_has_them_and_lead_back() {
        let names = Protocol::ALL.map(name_of);
        assert_eq!(
            names,
            ["ncmec", "stop_ncii", "fb_threatexchange", "tat", "list"]
        );
        for protocol in Protocol::ALL {
            assert_eq!(named(name_of(protocol)), Some(protocol));
            assert_eq!(name_of_stored(protocol.name()), name_of(protocol));
        }
        assert_eq!(named("threat_exchange"), None);
        assert_eq!(name_of_stored("of-another-version"), "of-another-version");
    }
}
