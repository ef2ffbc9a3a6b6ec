//! PKCS#11 URIs (RFC 7512): which module, which token, which object, and where the PIN is.

use crate::error::TokenError;
use cryptoki::types::AuthPin;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode_byte, utf8_percent_encode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What is encoded in a path: all but the unreserved characters of RFC 3986 2.3.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// In a query, names of files stay readable.
const IN_QUERY: &AsciiSet = &IN_PATH.remove(b'/').remove(b':').remove(b'=').remove(b',');

/// A PKCS#11 URI: what it does not say, may be anything.
///
/// `pkcs11:token=web%20server;object=www?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin` is one.
/// All attributes of RFC 7512 2.3 are understood, as `p11tool` and `pkcs11-tool` print them, and `x-init-reserved`,
/// which p11-kit has in its configuration. Shown and printed, it has no PIN in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uri {
    /// `token`: the label of the token.
    pub token: Option<String>,
    /// `manufacturer` of the token.
    pub manufacturer: Option<String>,
    /// `serial`: the serial number of the token.
    pub serial: Option<String>,
    /// `model` of the token.
    pub model: Option<String>,
    /// `slot-id`. Modules number their slots anew as they like.
    pub slot_id: Option<u64>,
    /// `slot-description`.
    pub slot_description: Option<String>,
    /// `slot-manufacturer`.
    pub slot_manufacturer: Option<String>,
    /// `library-description`, of the module.
    pub library_description: Option<String>,
    /// `library-manufacturer`, of the module.
    pub library_manufacturer: Option<String>,
    /// `library-version`, of the module: major and minor.
    pub library_version: Option<(u8, u8)>,
    /// `object`: the label of the object.
    pub object: Option<String>,
    /// `id` of the object (`CKA_ID`).
    pub id: Option<Vec<u8>>,
    /// `type` of the object.
    pub object_type: Option<ObjectType>,
    /// `module-path`: the file of the module.
    pub module_path: Option<PathBuf>,
    /// `module-name`: the name of that file without `lib` and `.so`, to be looked for where modules are installed.
    pub module_name: Option<String>,
    /// `x-init-reserved`: what the module is given as it starts. NSS takes its parameters here.
    pub module_parameters: Option<String>,
    /// Where the PIN is.
    pub pin: Option<Pin>,
}

/// `type` of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectType {
    /// `cert`.
    Certificate,
    /// `data`.
    Data,
    /// `private`.
    PrivateKey,
    /// `public`.
    PublicKey,
    /// `secret-key`.
    SecretKey,
}

impl ObjectType {
    const ALL: [(&str, Self); 5] = [
        ("cert", Self::Certificate),
        ("data", Self::Data),
        ("private", Self::PrivateKey),
        ("public", Self::PublicKey),
        ("secret-key", Self::SecretKey),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, other)| *other == self).map_or("", |(name, _)| name)
    }
}

/// Where a PIN is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pin {
    /// `pin-value`.
    Value(String),
    /// `pin-source`: a file with the PIN, and nothing else, in its first line.
    File(PathBuf),
}

/// Without the PIN.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::File(file) => f.debug_tuple("File").field(file).finish(),
        }
    }
}

impl Pin {
    /// `pin-source` is a URI of its own, or the name of a file (RFC 7512 2.4).
    fn source(text: String) -> Result<Self, TokenError> {
        let of_file = match text.strip_prefix("file:") {
            // As it was found: what is encoded in it was encoded twice.
            Some(rest) => Some(decode("pin-source", rest.strip_prefix("//localhost").unwrap_or(rest))?),
            None => None,
        };
        match of_file {
            Some(file) => match file.strip_prefix("//") {
                Some(path) if !path.starts_with('/') => {
                    Err(TokenError::Uri("pin-source is a file of another host".to_owned()))
                }
                Some(path) => Ok(Self::File(path.into())),
                None => Ok(Self::File(file.into())),
            },
            None if text.starts_with('|') => {
                Err(TokenError::Uri("pin-source is a command, which is not run".to_owned()))
            }
            None if text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)) => {
                Err(TokenError::Uri("pin-source is of a scheme that is not file:".to_owned()))
            }
            None => Ok(Self::File(text.into())),
        }
    }

    pub(crate) fn read(&self) -> Result<AuthPin, TokenError> {
        match self {
            Self::Value(pin) => Ok(AuthPin::from(pin.clone())),
            Self::File(file) => {
                let text = std::fs::read_to_string(file);
                let text = text.map_err(|error| TokenError::PinSource(format!("{}: {error}", file.display())))?;
                Ok(AuthPin::from(text.lines().next().unwrap_or_default().to_owned()))
            }
        }
    }
}

/// RFC 3986 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn decode_bytes(name: &str, text: &str) -> Result<Vec<u8>, TokenError> {
    // The decoder leaves what is no encoding as it is.
    let is_whole = text.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
    if !is_whole {
        return Err(TokenError::Uri(format!("{name}: % stands before two hexadecimal digits")));
    }
    Ok(percent_decode_str(text).collect())
}

fn decode(name: &str, text: &str) -> Result<String, TokenError> {
    String::from_utf8(decode_bytes(name, text)?).map_err(|_| TokenError::Uri(format!("{name} is not UTF-8")))
}

fn set<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), TokenError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(TokenError::Uri(format!("{name} is there twice"))),
    }
}

impl FromStr for Uri {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let rest = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("pkcs11:")).and(text.get(7..));
        let rest = rest.ok_or_else(|| TokenError::Uri("it begins with pkcs11:".to_owned()))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for (attributes, separator, is_query) in [(path, ';', false), (query, '&', true)] {
            for attribute in attributes.split(separator).filter(|attribute| !attribute.is_empty()) {
                let Some((name, value)) = attribute.split_once('=') else {
                    return Err(TokenError::Uri("attributes have the form name=value".to_owned()));
                };
                let is_known = if is_query { uri.take_of_query(name, value)? } else { uri.take_of_path(name, value)? };
                if !is_known {
                    let place = if is_query { "behind ?" } else { "before ?" };
                    return Err(TokenError::Uri(format!("{name} is not understood {place}")));
                }
            }
        }
        Ok(uri)
    }
}

impl Uri {
    /// The token with this label.
    #[must_use]
    pub fn of_token(module: impl AsRef<Path>, label: &str, pin: &str) -> Self {
        Self {
            token: Some(label.to_owned()),
            module_path: Some(module.as_ref().to_owned()),
            pin: Some(Pin::Value(pin.to_owned())),
            ..Self::default()
        }
    }

    /// RFC 7512 2.3, `pk11-pattr`.
    fn take_of_path(&mut self, name: &str, value: &str) -> Result<bool, TokenError> {
        let text = |place: &mut Option<String>| set(place, name, decode(name, value)?);
        match name {
            "token" => text(&mut self.token)?,
            "manufacturer" => text(&mut self.manufacturer)?,
            "serial" => text(&mut self.serial)?,
            "model" => text(&mut self.model)?,
            "slot-description" => text(&mut self.slot_description)?,
            "slot-manufacturer" => text(&mut self.slot_manufacturer)?,
            "library-description" => text(&mut self.library_description)?,
            "library-manufacturer" => text(&mut self.library_manufacturer)?,
            "object" => text(&mut self.object)?,
            "id" => set(&mut self.id, name, decode_bytes(name, value)?)?,
            "slot-id" => {
                let number = value.parse().map_err(|_| TokenError::Uri("slot-id is a number".to_owned()))?;
                set(&mut self.slot_id, name, number)?;
            }
            "library-version" => {
                let (major, minor) = value.split_once('.').unwrap_or((value, "0"));
                let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else {
                    return Err(TokenError::Uri("library-version has the form 2.6".to_owned()));
                };
                set(&mut self.library_version, name, (major, minor))?;
            }
            "type" => {
                let known = ObjectType::ALL.iter().find(|(name, _)| *name == value);
                let (_, known) = known
                    .ok_or_else(|| TokenError::Uri("type is cert, data, private, public or secret-key".to_owned()))?;
                set(&mut self.object_type, name, *known)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// RFC 7512 2.3, `pk11-qattr`.
    fn take_of_query(&mut self, name: &str, value: &str) -> Result<bool, TokenError> {
        match name {
            "module-path" => set(&mut self.module_path, name, decode(name, value)?.into())?,
            "module-name" => set(&mut self.module_name, name, decode(name, value)?)?,
            "x-init-reserved" => set(&mut self.module_parameters, name, decode(name, value)?)?,
            "pin-value" => set(&mut self.pin, "the PIN", Pin::Value(decode(name, value)?))?,
            "pin-source" => set(&mut self.pin, "the PIN", Pin::source(decode(name, value)?)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The file of the module.
    pub(crate) fn module_file(&self) -> Result<PathBuf, TokenError> {
        match (&self.module_path, &self.module_name) {
            (Some(path), _) => Ok(path.clone()),
            (None, Some(name)) => crate::module::find(name),
            (None, None) => crate::module::of_p11_kit(),
        }
    }

    /// Which token it means, in words.
    pub(crate) fn token_in_words(&self) -> String {
        match &self.token {
            Some(label) if self.path_of_token().count() == 1 => format!("with the label {label:?}"),
            _ => format!(
                "that fits {:?}",
                Self { object: None, id: None, object_type: None, ..self.without_query() }.to_string()
            ),
        }
    }

    pub(crate) fn without_query(&self) -> Self {
        Self { module_path: None, module_name: None, module_parameters: None, pin: None, ..self.clone() }
    }

    /// The attributes of the module, the slot and the token that are there.
    fn path_of_token(&self) -> impl Iterator<Item = (&'static str, String)> {
        let encoded = |text: &String| utf8_percent_encode(text, IN_PATH).to_string();
        [
            ("library-manufacturer", self.library_manufacturer.as_ref().map(encoded)),
            ("library-description", self.library_description.as_ref().map(encoded)),
            ("library-version", self.library_version.map(|(major, minor)| format!("{major}.{minor}"))),
            ("slot-manufacturer", self.slot_manufacturer.as_ref().map(encoded)),
            ("slot-description", self.slot_description.as_ref().map(encoded)),
            ("slot-id", self.slot_id.map(|id| id.to_string())),
            ("model", self.model.as_ref().map(encoded)),
            ("manufacturer", self.manufacturer.as_ref().map(encoded)),
            ("serial", self.serial.as_ref().map(encoded)),
            ("token", self.token.as_ref().map(encoded)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    fn path_of_object(&self) -> impl Iterator<Item = (&'static str, String)> {
        // All of it, as other programs write it.
        let id = self.id.as_ref().map(|id| id.iter().copied().map(percent_encode_byte).collect());
        [
            ("id", id),
            ("object", self.object.as_ref().map(|label| utf8_percent_encode(label, IN_PATH).to_string())),
            ("type", self.object_type.map(|of| of.name().to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The URI, but a `pin-value`, which nobody should print.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pkcs11:")?;
        for (number, (name, value)) in self.path_of_token().chain(self.path_of_object()).enumerate() {
            write!(f, "{}{name}={value}", if number == 0 { "" } else { ";" })?;
        }
        let source = match &self.pin {
            Some(Pin::File(file)) => Some(file.display().to_string()),
            Some(Pin::Value(_)) | None => None,
        };
        let query = [
            ("module-path", self.module_path.as_ref().map(|path| path.display().to_string())),
            ("module-name", self.module_name.clone()),
            ("x-init-reserved", self.module_parameters.clone()),
            ("pin-source", source),
        ];
        let query = query.into_iter().filter_map(|(name, value)| Some((name, value?)));
        for (number, (name, value)) in query.enumerate() {
            let separator = if number == 0 { '?' } else { '&' };
            write!(f, "{separator}{name}={}", utf8_percent_encode(&value, IN_QUERY))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Uri, String> {
        text.parse().map_err(|error: TokenError| error.to_string())
    }

    /// As p11tool and pkcs11-tool print them.
    #[test]
    fn what_other_programs_print_is_read_and_printed_alike() {
        for text in [
            "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=d7a2c5e7c1b0e0f4;token=a%20token;id=%00%2A;\
             object=p256;type=private",
            "pkcs11:model=NSS%203;manufacturer=Mozilla%20Foundation;serial=0000000000000000;\
             token=NSS%20Certificate%20DB;id=%9E%01;type=cert",
            "pkcs11:library-manufacturer=SoftHSM;library-description=Implementation%20of%20PKCS11;library-version=2.6;\
             slot-manufacturer=me;slot-description=a%20slot;slot-id=327;token=t",
            "pkcs11:",
            "pkcs11:object=a%2Fb%3Bc%3F?module-path=/usr/lib/a%20b.so&pin-source=/etc/a%26b",
            "pkcs11:token=t?module-name=softhsm2&x-init-reserved=configdir=%27sql:/x%27%20certPrefix=%27%27",
        ] {
            let uri = parse(text).unwrap();
            assert_eq!(uri.to_string(), text);
        }
        let uri = parse("PKCS11:object=%c3%a9;id=%00a%2a;slot-id=7;type=private?pin-value=%31+2").unwrap();
        assert_eq!((uri.object.as_deref(), uri.id.as_deref()), (Some("é"), Some(&b"\0a*"[..])));
        assert_eq!((uri.slot_id, uri.object_type), (Some(7), Some(ObjectType::PrivateKey)));
        assert_eq!(uri.pin, Some(Pin::Value("1+2".to_owned())));
    }

    #[test]
    fn a_pin_is_never_shown() {
        let uri = parse("pkcs11:token=t?pin-value=98765").unwrap();
        assert!(!format!("{uri}{uri:?}").contains("98765"));
    }

    #[test]
    fn pin_sources_are_files() {
        for (source, file) in [
            ("/etc/pin", "/etc/pin"),
            ("pin", "pin"),
            ("file:/etc/pin", "/etc/pin"),
            ("file:///etc/pin", "/etc/pin"),
            ("file://localhost/etc/pin", "/etc/pin"),
            ("file:///etc/a%2520b", "/etc/a b"),
            ("/etc/a%20b", "/etc/a b"),
        ] {
            let uri = parse(&format!("pkcs11:?pin-source={source}"));
            assert_eq!(uri.unwrap().pin, Some(Pin::File(file.into())), "{source}");
        }
        for source in ["%7Ccat", "http://host/pin", "file://host/pin"] {
            assert!(parse(&format!("pkcs11:?pin-source={source}")).is_err(), "{source}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, what) in [
            ("key.pem", "begins with pkcs11:"),
            ("pkcs11:token", "name=value"),
            ("pkcs11:token=%zz", "hexadecimal"),
            ("pkcs11:token=%2", "hexadecimal"),
            ("pkcs11:token=%ff", "UTF-8"),
            ("pkcs11:token=a;token=b", "token is there twice"),
            ("pkcs11:?pin-value=1&pin-source=f", "the PIN is there twice"),
            ("pkcs11:slot-id=x", "number"),
            ("pkcs11:library-version=x", "2.6"),
            ("pkcs11:type=key", "private"),
            ("pkcs11:module-path=x", "module-path is not understood before ?"),
            ("pkcs11:?object=x", "object is not understood behind ?"),
            ("pkcs11:x=y", "x is not understood"),
        ] {
            let said = parse(text).err().unwrap();
            assert!(said.contains(what), "{text}: {said}");
        }
    }
}
