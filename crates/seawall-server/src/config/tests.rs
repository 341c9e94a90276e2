use super::*;

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let owned = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::parse(text, Path::new("seawall.toml"), Path::new("/srv"), owned)
}

fn made() -> String {
    template(&Answers {
        provider: "Example \"quoted\"".into(),
        ..Answers::default()
    })
}

#[test]
fn what_init_writes_is_accepted_and_contacts_nobody() {
    let config = parse(&made(), &[]).expect("the template is valid");
    assert_eq!(config.provider.name, "Example \"quoted\"");
    assert_eq!(config.report.receiver, ReportTarget::None);
    assert!(config.webhook.is_none());
    assert_eq!(config.decode.limits.limits(), Limits::default());
    assert!(config.listen.console.ip().is_loopback() && config.listen.api.ip().is_loopback());
    assert_eq!(config.database(), Path::new("/srv/data/seawall.db"));
}

#[test]
fn every_key_of_the_template_is_one_the_program_knows() {
    // Switches every commented key on: a key that the program does not know is refused.
    let switched: String = made()
        .lines()
        .map(|line| match line.strip_prefix("#:") {
            Some(rest) => format!("{}\n", rest.trim_start()),
            None => format!("{line}\n"),
        })
        .collect();
    let config = toml::from_str::<Config>(&switched).expect("every key is known");
    assert!(config.webhook.is_some());
    assert_eq!(config.report.receiver, ReportTarget::Cybertipline);
}

#[test]
fn nothing_is_kept_unasked_and_private_messages_never() {
    let config = parse(&made(), &[]).expect("valid");
    assert!(config.seen.policy().channels.is_empty());
    assert_eq!(config.seen.policy().keep_days, 90);
    let refused = |key, value| {
        let refused = parse(&made(), &[(key, value)]).expect_err("refused");
        refused.to_string()
    };
    let channels = "SEAWALL__SEEN__CHANNELS";
    let private = refused(channels, "[\"public\", \"private\"]");
    assert!(private.contains("seen.channels"), "{private}");
    let days = refused("SEAWALL__SEEN__KEEP_DAYS", "0");
    assert!(days.contains("seen.keep_days"), "{days}");
    let asked = template(&Answers {
        seen_channels: vec![seawall_casework::context::ChannelKind::Profile],
        ..Answers::default()
    });
    let asked = parse(&asked, &[]).expect("valid");
    assert_eq!(asked.seen.policy().channels.len(), 1);
    let named = parse(&made(), &[(channels, "[\"public\", \"file\"]")]).expect("valid");
    assert_eq!(named.seen.policy().channels.len(), 2);
}

#[test]
fn unknown_keys_and_bad_values_are_named() {
    let unknown = parse(&format!("colour = 1\n{}", made()), &[]).expect_err("unknown");
    let source = std::error::Error::source(&unknown)
        .expect("a cause")
        .to_string();
    assert!(source.contains("colour"), "{source}");
    let port = parse(&made(), &[("SEAWALL__LISTEN__API", "127.0.0.1:8480")]).expect_err("doubled");
    assert!(port.to_string().contains("listen"), "{port}");
    let target = parse(&made(), &[("SEAWALL__REPORT__RECEIVER", "cybertipline")]);
    let target = target.expect_err("no contact");
    assert!(target.to_string().contains("report"), "{target}");
}

#[test]
fn the_server_answers_to_the_addresses_it_listens_on() {
    let config = parse(
        &made(),
        &[
            ("SEAWALL__LISTEN__API", "192.0.2.5:8481"),
            ("SEAWALL__LISTEN__PUBLIC", "0.0.0.0:8482"),
            ("SEAWALL__LISTEN__HOSTS", "[\"seawall.example.org\"]"),
        ],
    )
    .expect("valid");
    assert_eq!(
        config.listen.names(),
        ["seawall.example.org", "127.0.0.1", "192.0.2.5"]
    );
}

#[test]
fn the_environment_replaces_a_key() {
    let config = parse(
        &made(),
        &[
            ("SEAWALL__LISTEN__CONSOLE", "127.0.0.1:9000"),
            ("SEAWALL__DECODE__LIMITS__PIXELS_MAX", "1000"),
            ("OTHER__LISTEN__CONSOLE", "127.0.0.1:1"),
        ],
    )
    .expect("valid");
    assert_eq!(config.listen.console.port(), 9000);
    assert_eq!(config.decode.limits.limits().pixels_max, 1000);
}

#[test]
fn fetching_is_on_and_reaches_nothing_inside_unless_told_so() {
    let config = parse(&made(), &[]).expect("valid");
    let limits = config.decode.limits.limits();
    let policy = config.fetch.policy(&limits);
    assert!(policy.enabled);
    assert_eq!(policy.bytes_max as u64, limits.bytes_max);
    let inside = "10.1.2.3".parse().expect("an address");
    assert!(!policy.admits(inside) && !policy.ports.admit(8080));

    let told = parse(
        &made(),
        &[
            ("SEAWALL__DECODE__LIMITS__BYTES_MAX", "1000"),
            ("SEAWALL__FETCH__ALLOW_NETWORKS", "[\"10.1.0.0/16\"]"),
            ("SEAWALL__FETCH__DENY_NETWORKS", "[\"1.1.1.1\"]"),
            ("SEAWALL__FETCH__PORTS", "[80, 8080]"),
        ],
    );
    let told = told.expect("valid");
    let policy = told.fetch.policy(&told.decode.limits.limits());
    assert_eq!(policy.bytes_max, 1000);
    assert!(policy.admits(inside) && !policy.admits("1.1.1.1".parse().expect("an address")));
    assert!(policy.ports.admit(8080) && !policy.ports.admit(443));

    let any = parse(&made(), &[("SEAWALL__FETCH__PORTS", "any")]).expect("valid");
    assert!(any.fetch.policy(&limits).ports.admit(9000));
    let off = parse(&made(), &[("SEAWALL__FETCH__ENABLED", "false")]).expect("valid");
    assert!(!off.fetch.policy(&limits).enabled);
}

#[test]
fn a_wrong_value_about_fetching_is_refused_with_what_to_write() {
    for (key, value, says) in [
        ("ALLOW_NETWORKS", "[\"10.1.2.3/16\"]", "end with its prefix"),
        ("ALLOW_NETWORKS", "[\"0.0.0.0/0\"]", "names no network"),
        ("ALLOW_NETWORKS", "[\"media.example\"]", "10.1.0.0/16"),
        ("DENY_NETWORKS", "[\"::ffff:10.0.0.0/104\"]", "IPv4 network"),
        ("PORTS", "[]", "\"any\""),
        ("PORTS", "[0]", "1 to 65535"),
        ("PORTS", "[65536]", "1 to 65535"),
        ("PORTS", "all", "\"any\""),
        ("BYTES_MAX", "0", "fetch.bytes_max"),
        ("BYTES_MAX", "67108865", "decode.limits.bytes_max"),
        ("TOTAL_MS", "0", "fetch.total_ms"),
        ("TOTAL_MS", "90001", "fetch.total_ms"),
        ("AT_ONCE", "0", "fetch.enabled = false"),
        ("BYTES_MAX", "many", "invalid type"),
        ("PROXY", "\"http://127.0.0.1\"", "unknown field"),
    ] {
        let key = format!("SEAWALL__FETCH__{key}");
        let error = parse(&made(), &[(&key, value)]).expect_err(value);
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let text = format!("{error} {}", cause.unwrap_or_default());
        assert!(text.contains(says), "{value}: {text}");
    }
}

#[test]
fn a_wrong_bound_of_connections_is_refused_with_what_to_write() {
    for (key, value, says) in [
        ("CONNECTIONS", "0", "1 to 1000000"),
        ("CONNECTIONS", "1000001", "1 to 1000000"),
        (
            "CONNECTIONS_PER_ADDRESS",
            "0",
            "load.connections_per_address",
        ),
        ("ANSWER_PAUSE_MS", "99", "100 to 600000"),
        ("ANSWER_PAUSE_MS", "600001", "load.answer_pause_ms"),
    ] {
        let key = format!("SEAWALL__LOAD__{key}");
        let error = parse(&made(), &[(&key, value)]).expect_err(value);
        assert!(error.to_string().contains(says), "{value}: {error}");
    }
}
