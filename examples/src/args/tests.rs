use super::*;

const PIN: &str = "AA0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

fn client(words: &str) -> Result<ClientArgs, String> {
    match ClientArgs::parse(words.split_whitespace().map(OsString::from)) {
        Ok(Command::Run(args)) => Ok(args),
        Ok(Command::Print(text)) => Err(text.into()),
        Err(failure) => Err(failure.to_string()),
    }
}

fn server(words: &str) -> Result<ServerArgs, String> {
    match ServerArgs::parse(words.split_whitespace().map(OsString::from)) {
        Ok(Command::Run(args)) => Ok(args),
        Ok(Command::Print(text)) => Err(text.into()),
        Err(failure) => Err(failure.to_string()),
    }
}

#[test]
fn a_client_with_everything() {
    let args = client(&format!(
        "[::1]:4433 --server-name a.example --pin {PIN} --cert c.pem --key k.pem --suite TLS_AES_128_CCM_SHA256 \
         --suite TLS_AES_256_GCM_SHA384 --group secp384r1 --sigalg ed25519 --key-share none --alpn h2 --alpn=http/1.1 \
         --record-size 512 --max-fragment-length 1024 --rx-buffer 2000 --tx-buffer 1000 --key-update --key-log l \
         --get / --provider rustcrypto --transport std"
    ))
    .expect("valid");
    assert_eq!((args.host.as_str(), args.port, args.server_name.as_str()), ("::1", 4433, "a.example"));
    assert_eq!(args.common.pins[0][..2], [0xaa, 0x01]);
    assert_eq!(args.common.suites, [CipherSuite::AES_128_CCM_SHA256, CipherSuite::AES_256_GCM_SHA384]);
    assert_eq!(args.common.identities, [("c.pem".into(), "k.pem".into())]);
    assert_eq!(args.key_shares, Some(Vec::new()));
    assert_eq!(args.common.alpn, ["h2", "http/1.1"]);
    assert_eq!((args.common.receive_buffer, args.common.transmit_buffer), (2000, 1000));
    assert_eq!(args.common.transport, Transport::Std);
    assert!(args.common.key_update && !args.insecure);
}

#[test]
fn whom_to_trust() {
    assert!(client("localhost:1").is_ok_and(|args| !args.insecure && args.common.authorities.is_empty()));
    assert!(client(&format!("localhost:1 --insecure --pin {PIN}")).is_err());
    assert!(client("localhost:1 --insecure --ca f").is_err());
    let args =
        client(&format!("localhost:1 --ca a --ca b --pin {PIN} --raw-public-key --time 1800000000")).expect("valid");
    assert_eq!(args.common.authorities, [PathBuf::from("a"), "b".into()]);
    assert_eq!((args.common.time, args.common.raw_public_key), (Some(1_800_000_000), true));
    assert!(client("localhost:1 --raw-public-key").is_err_and(|line| line.contains("--pin")));
    assert_eq!(client("localhost:1 --insecure").map(|args| args.server_name), Ok("localhost".into()));
}

#[test]
fn what_goes_together() {
    assert!(client("h:1 --early-data f").is_err_and(|line| line.contains("--session")));
    assert!(client("h:1 --session s --early-data f").is_ok());
}

#[test]
fn tickets_and_early_data() {
    let numbers = |options: &str| {
        server(&format!("h:1 --cert c --key k {options}")).map(|args| (args.tickets, args.max_early_data))
    };
    assert_eq!(numbers(""), Ok((2, 0)));
    assert_eq!(numbers("--tickets 0 --max-early-data 0"), Ok((0, 0)));
    assert_eq!(numbers("--tickets 255 --max-early-data 16384"), Ok((255, 16_384)));
    assert!(numbers("--tickets 256").is_err());
    assert!(numbers("--tickets 0 --max-early-data 1").is_err_and(|line| line.contains("--tickets")));
}

#[test]
fn pre_shared_keys() {
    let key = "00ff".repeat(8);
    let args = client(&format!("h:1 --psk a:{key} --psk urn:b:{}", "5A".repeat(64))).expect("valid");
    assert_eq!(args.common.psks, [("a".to_owned(), [0, 0xff].repeat(8)), ("urn:b".into(), vec![0x5a; 64])]);
    let modes = |options: &str| client(&format!("h:1 --psk a:{key} {options}")).map(|args| args.common.psk_modes);
    assert_eq!(modes(""), Ok(None));
    assert_eq!(modes("--psk-mode ke"), Ok(Some(PskModes::WithoutKeyExchange)));
    assert_eq!(modes("--psk-mode dhe"), Ok(Some(PskModes::WithKeyExchange)));
    assert_eq!(modes("--psk-mode ke --psk-mode dhe"), Ok(Some(PskModes::Either)));
    let wrong = ["a".into(), "a:".into(), format!(":{key}"), format!("a:{key}0"), format!("a:{key}xx")];
    for wrong in wrong.map(|psk| format!("--psk {psk}")).into_iter().chain([
        "--psk-mode ke".into(),
        format!("--psk a:{key} --psk-mode x"),
        // Too short, too long.
        format!("--psk a:{}", &key[..30]),
        format!("--psk a:{}", key.repeat(5)),
    ]) {
        assert!(client(&format!("h:1 {wrong}")).is_err_and(|line| !line.contains(&key[..30])), "{wrong}");
        assert!(server(&format!("h:1 {wrong}")).is_err(), "{wrong}");
    }
    assert!(server(&format!("h:1 --psk a:{key}")).is_ok());
}

#[test]
fn nonsense_is_refused() {
    let wrong = [
        "",
        "h",
        "h:x",
        "h:70000",
        ":1",
        "h:1 h:2",
        "h:1 --bogus",
        "h:1 -x",
        "h:1 --suite TLS_NULL",
        "h:1 --suite",
        "h:1 --group x",
        "h:1 --sigalg x",
        "h:1 --record-size 63",
        "h:1 --record-size 16386",
        "h:1 --rx-buffer x",
        "h:1 --max-fragment-length 700",
        "h:1 --pin 00",
        "h:1 --transport tap:",
        "h:1 --transport udp",
        "h:1 --provider x",
        "h:1 --cert c",
        "h:1 --get x",
        "h:1 --key-share x",
        "h:1 --insecure=yes",
        "h:1 --time -1",
        "h:1 --time now",
    ];
    for words in wrong {
        assert!(client(&format!("{words} --insecure")).is_err_and(|line| line.starts_with("error: ")), "{words}");
    }
    for words in ["h:1", "h:1 --cert c", "h:1 --cert c --key k --connections 0", "--cert c --key k"] {
        assert!(server(words).is_err(), "{words}");
    }
    assert!(server(&format!("h:1 --cert c --key k --pin {PIN} --client-auth maybe")).is_err());
    assert!(server("h:1 --cert c --key k --client-auth required").is_err_and(|line| line.contains("--ca")));
    assert!(
        server("h:1 --cert c --key k --ca f --client-auth optional --ocsp o").is_ok_and(|a| a.client_auth_optional)
    );
    assert!(
        server(&format!("h:1 --cert c --key k --pin {PIN} --client-auth optional"))
            .is_ok_and(|a| a.client_auth_optional)
    );
}

#[test]
fn keys_are_listed_without_a_server() {
    assert_eq!(client("--list-keys a.so").map(|args| args.list_keys).as_ref().ok(), Some(&Some("a.so".to_owned())));
    assert!(client("h:1 --list-keys a.so").is_err_and(|line| line.contains("no HOST:PORT")));
}

#[test]
fn help_is_given() {
    assert!(client("--help").is_err_and(|said| said.starts_with("usage: client ")));
    assert!(server("x:1 -h").is_err_and(|said| said.starts_with("usage: server ")));
}

#[test]
fn providers_have_names() {
    for name in ProviderName::ALL {
        let args = client(&format!("h:1 --insecure --provider {name}")).expect("it is built in");
        assert_eq!(Some(args.common.provider), ProviderName::from_name(name));
    }
    assert_eq!(client("h:1 --insecure").map(|args| args.common.provider), Ok(ProviderName::RustCrypto));
    let line = client("h:1 --insecure --provider x");
    assert!(line.is_err_and(|line| line.contains("--provider x: built in: rustcrypto")));
}

#[test]
fn a_url_is_a_host_a_port_and_a_path() {
    for (words, host, port, path) in [
        ("https://example.org", "example.org", 443, "/"),
        ("https://example.org/a/b?c=d#e", "example.org", 443, "/a/b?c=d"),
        ("https://example.org:8443/", "example.org", 8443, "/"),
        ("HTTPS://[::1]:1/x", "::1", 1, "/x"),
        ("https://example.org/x --get /y", "example.org", 443, "/y"),
    ] {
        let args = client(words).expect(words);
        assert_eq!((args.host.as_str(), args.port, args.get.as_deref()), (host, port, Some(path)), "{words}");
    }
    assert_eq!(
        client("https://a.example --server-name b.example").map(|args| args.server_name),
        Ok("b.example".into())
    );
    for words in [
        "http://example.org",
        "https://",
        "https:///x",
        "https://user@example.org",
        "https://a https://b",
        "https://example.org:99999/",
        "https://[::1]:70000/",
    ] {
        assert!(client(words).is_err_and(|line| line.starts_with("error: ")), "{words}");
    }
}

#[test]
fn groups_have_other_names() {
    let args = client("h:1 --group p-256 --group P-384 --group secp521r1 --key-share PRIME256V1").expect("valid");
    assert_eq!(args.common.groups, [NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup::SECP521R1]);
    assert_eq!(args.key_shares, Some(vec![NamedGroup::SECP256R1]));
    assert!(client("h:1 --group P-257").is_err_and(|line| line.contains("--help")));
    // What is listed is known.
    let help = client("--help").expect_err("text");
    for name in help.split_whitespace().map(|word| word.trim_matches(['(', ')', ','])) {
        if name.starts_with("TLS_") {
            assert!(CipherSuite::from_name(name).is_some(), "{name}");
        } else if name.starts_with("ecdsa_") || name.starts_with("rsa_") {
            assert!(SignatureScheme::from_name(name).is_some(), "{name}");
        } else if name.starts_with("secp") || name.starts_with("P-") {
            assert!(group(name).is_some(), "{name}");
        }
    }
}

#[test]
fn the_version_is_printed_whatever_else_is_missing() {
    for said in [client("--version"), client("-V")] {
        assert_eq!(said.map(drop), Err(format!("saitls {}\n", env!("CARGO_PKG_VERSION"))));
    }
    assert!(server("--version").is_err_and(|said| said.starts_with("saitls ")));
}
