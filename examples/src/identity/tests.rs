//! What is said about key files that cannot be read.

use std::fs;

use super::load_key;
use crate::backend::RustCrypto;

/// Written by `openssl ec -aes128`.
const TRADITIONAL: &str = "\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,5AA1032F9BEA23D65B48735D47EFEA81

dkNMK4e27CFYuB36fMwv0S2I+lyV+fx3vz0qangbu12Z9IARivLzAL7l/7ZgHdAk
vai6kkeV/41mEWWAfsVx9XBnEeanCImqG+9oagH3f4rFCOFbDMAnYH/ig4xl4Ffo
xz/lEQAcfErBQGgLhkaVHk/UJ+8gQ+rWF3kzjLb7ki8=
-----END EC PRIVATE KEY-----
";

/// The same key, written by `openssl pkcs8 -topk8`.
const PKCS8: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAig3+vl3FFJHAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEvsytYFoP6XlH664ByqMwIEgZDi
OgJ096CjaZu7G2zN/DCFDA71BZIVFt/JPt0iEI7eqO8fnFm+ckH5H4GpETtYwITU
HOiGO3QwAMKrOdTh8kqHQ53VeJl/dyGDgVw/SBVhPy5TiKi1jVhknTErJePOEr8O
Z25HIsTr6S+ezOVSR2aULxqRgfUGYdJRKVsU/9D28XTSQpA9R8A8HHaRrKm5xDI=
-----END ENCRYPTED PRIVATE KEY-----
";

/// What loading a file with this text ends with.
fn refusal(name: &str, text: &str) -> String {
    let file = std::env::temp_dir().join(format!("saitls-identity-{name}-{}.pem", std::process::id()));
    fs::write(&file, text).expect("a file in the temporary folder");
    let loaded = load_key::<RustCrypto>(&file);
    fs::remove_file(&file).expect("the file is there");
    loaded.err().expect("no key to be loaded").to_string()
}

#[test]
fn an_encrypted_key_says_so_in_either_form() {
    for (name, text) in [("traditional", TRADITIONAL.to_owned()), ("pkcs8", PKCS8.to_owned())] {
        for (ends, text) in [("lf", text.clone()), ("crlf", text.replace('\n', "\r\n"))] {
            let said = refusal(&format!("{name}-{ends}"), &text);
            assert!(said.contains("is encrypted: decrypt it first"), "{name}, {ends}: {said}");
        }
    }
}

#[test]
fn what_is_no_key_is_not_called_encrypted() {
    let said = refusal("none", "no key\n");
    assert!(said.contains("nothing of the kind in PEM format"), "{said}");
    let broken = TRADITIONAL.replace("Proc-Type: 4,ENCRYPTED\n", "");
    assert!(!refusal("broken", &broken).contains("encrypted"));
}
