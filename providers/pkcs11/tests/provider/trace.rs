//! What goes between us and the module.

use crate::peers::{connect, software};
use crate::tokens::{open, seen, with_each_by};
use crate::{child, mock};
use saitls_core::crypto::KeyLog;
use std::fmt::Write as _;
use std::sync::Mutex;

/// The secrets of the other end, which are those of the token.
#[derive(Default)]
struct Secrets(Mutex<Vec<String>>);

impl KeyLog for Secrets {
    fn log(&self, _: &str, _: &[u8; 32], secret: &[u8]) {
        let mut text = String::new();
        secret.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        self.0.lock().unwrap().push(text);
    }
}

/// `CKA_VALUE`, and the classes of objects.
const VALUE: &str = " 11=";
const DATA: &str = "class 0 ";
const PUBLIC_KEY: &str = "class 2 ";

/// A connection: no value of a secret is read or written, every key is sensitive and not extractable, and all are
/// destroyed.
#[test]
fn no_secret_is_read_or_written() {
    let spy = child::folder().is_none().then(mock::module);
    let spy = spy.as_deref().map(|spy| (spy, ""));
    with_each_by("trace::no_secret_is_read_or_written", spy, |uri| {
        let mut provider = open(uri);
        // Before, each group and suite was tried. Keys of zeros were made for that.
        let tried = seen();
        let secrets = Secrets::default();
        connect(&mut provider, &mut software(), Some(&secrets), 0);
        let all = seen();
        let trace = &all[tried.len()..];
        let (mut reads, mut derived, mut keys, mut destroyed, mut pairs) = (0, 0, 0, 0, 0);
        for line in all.lines() {
            let (what, attributes) = line.split_once(':').unwrap_or((line, ""));
            match what.split(' ').next().unwrap() {
                // A value is public: that of data, which the nonces are, or of the key that a peer may know.
                "read" if attributes.contains(VALUE) => {
                    assert!(what.contains(DATA) || what.contains(PUBLIC_KEY), "{line}");
                }
                // Nothing but zeros is written, or what a peer sent.
                "create" if !what.contains(PUBLIC_KEY) => {
                    let (_, value) = attributes.split_once(VALUE).unwrap();
                    assert!(value.split(' ').next().unwrap().bytes().all(|digit| digit == b'0'), "{line}");
                }
                "derive" if what.contains(DATA) => {}
                "derive" | "generate" => assert!(what.ends_with("sensitive 1 extractable 0"), "{line}"),
                _ => {}
            }
        }
        for line in trace.lines() {
            // The length of public keys is asked for first.
            let is_value = line.split_once(VALUE).is_some_and(|(_, value)| !value.is_empty());
            reads += usize::from(line.starts_with("read") && is_value && line.contains(DATA));
            derived += usize::from(line.starts_with("derive"));
            keys += usize::from(line.starts_with("derive") && !line.contains(DATA));
            destroyed += usize::from(line.starts_with("destroy"));
            pairs += usize::from(line.starts_with("generate"));
            assert!(!line.starts_with("create") || line.contains(PUBLIC_KEY), "{line}");
        }
        let secrets = secrets.0.into_inner().unwrap();
        assert_eq!(secrets.len(), 5);
        for secret in &secrets {
            assert!(!all.contains(secret.as_str()), "{secret} crosses");
        }
        println!("{derived} derivations, {keys} of them of keys; {reads} read; {pairs} pairs; {destroyed} destroyed");
        // What the connection read and is not secret: four nonces, and an exporter.
        assert_eq!(reads, 5);
        assert_eq!(destroyed, derived + 2 * pairs);
    });
}
