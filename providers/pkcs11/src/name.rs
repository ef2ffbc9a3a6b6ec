//! What keys and certificates are looked for by.

use crate::uri::Uri;

/// The attributes by which a key or a certificate is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) label: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.label, &self.id) {
            (Some(label), None) => write!(f, "with the label {label:?}"),
            (None, None) => f.write_str("at all"),
            (label, id) => {
                let uri = Uri { object: label.clone(), id: id.clone(), ..Uri::default() };
                write!(f, "that fits {:?}", uri.to_string())
            }
        }
    }
}
