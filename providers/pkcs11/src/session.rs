//! A session with a token: found, opened, logged in; its keys, and signatures with them.

use crate::error::{TokenError, in_words};
use crate::find::find_token;
use crate::mechanism::{Kind, Way};
use crate::name::Name;
use crate::refused::Refused;
use crate::uri::Uri;
use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use saitls_core::codes::SignatureScheme;

/// Why a session could not do what it was asked for.
pub(crate) enum Problem {
    /// What the module said.
    Token(Error),
    /// What we make of what it said.
    Ours(TokenError),
    /// A key that was there is not.
    Vanished(TokenError),
    /// What we make of it at a login, or in the middle of a signature: the session is of no more use.
    Broken(TokenError),
}

impl Problem {
    /// Whether there is no session because there was a login, and it failed.
    pub(crate) const fn is_of_login(&self) -> bool {
        matches!(self, Self::Broken(error) if !matches!(error, TokenError::Gone(_)))
    }

    /// Whether the token counts what was tried.
    pub(crate) const fn is_of_pin(&self) -> bool {
        matches!(self, Self::Broken(error) if error.is_of_pin())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}

impl From<Problem> for TokenError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Token(error) => Self::of(&error),
            Problem::Ours(error) | Problem::Broken(error) => error,
            Problem::Vanished(error) => Self::Gone(error.to_string()),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::Ours(error)
    }
}

/// A session.
pub(crate) struct TokenSession {
    slot: Slot,
    session: Session,
    mechanisms: Vec<MechanismType>,
    /// What names the token.
    uri: Uri,
    pin: Option<AuthPin>,
}

/// A private key of a session.
#[derive(Clone, PartialEq)]
pub(crate) struct FoundKey {
    handle: ObjectHandle,
    pub(crate) kind: Kind,
    pub(crate) ways: Vec<Way>,
    /// `CKA_ALWAYS_AUTHENTICATE`: each signature wants a login of its own. By this name it is known when that fails.
    login: Option<Name>,
}

/// What names a key, and what it can do.
pub(crate) type ListedKey = (Name, Result<FoundKey, TokenError>);

/// Which login there is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// As the token wants it.
    AsNeeded,
    /// Only if there is a PIN.
    WithPin,
}

impl TokenSession {
    /// Finds the token that `uri` means, and logs in.
    pub(crate) fn open(context: &Pkcs11, uri: &Uri, pin: Option<&AuthPin>, login: Login) -> Result<Self, Problem> {
        let token = find_token(context, uri)?;
        let slot = token.slot;
        let session = context.open_ro_session(slot)?;
        if token.wants_login() && (login == Login::AsNeeded || pin.is_some()) {
            if pin.is_none() && !token.has_pad() {
                return Err(TokenError::NoPin.into());
            }
            // Without a PIN the token asks for it on a pad of its own.
            match session.login(UserType::User, pin) {
                Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
                Err(error) => return Err(Problem::Broken(TokenError::of_login(&error))),
            }
        }
        let mechanisms = context.get_mechanism_list(slot)?;
        Ok(Self { slot, session, mechanisms, uri: token.uri(), pin: pin.cloned() })
    }

    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// For other uses than keys: the session, and what the token lists.
    pub(crate) fn into_parts(self) -> (Slot, Session, Vec<MechanismType>) {
        (self.slot, self.session, self.mechanisms)
    }

    /// Leaves the session to itself: the module it was had from was started anew since, and its number may be
    /// another's.
    pub(crate) fn forget(self) {
        std::mem::forget(self.session);
    }

    fn find(&self, class: ObjectClass, name: &Name) -> Result<Vec<ObjectHandle>, Error> {
        let mut template = vec![Attribute::Class(class)];
        template.extend(name.label.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
        template.extend(name.id.clone().map(Attribute::Id));
        self.session.find_objects(&template)
    }

    pub(crate) fn find_key(&self, name: &Name) -> Result<FoundKey, Problem> {
        match self.find(ObjectClass::PRIVATE_KEY, name)?[..] {
            [] => Err(TokenError::NoKey(name.to_string()).into()),
            [handle] => self.key(handle),
            _ => Err(TokenError::AmbiguousKey(name.to_string()).into()),
        }
    }

    fn key(&self, handle: ObjectHandle) -> Result<FoundKey, Problem> {
        let attributes = Attributes::read(|attribute| self.session.get_attributes(handle, &[attribute]))?;
        let (kind, is_always_authenticated) = (attributes.kind()?, attributes.is_always_authenticated);
        if !attributes.may_sign {
            return Err(TokenError::UnsupportedKey("it is not for signing: CKA_SIGN is false".to_owned()).into());
        }
        let is_there = |mechanism| self.mechanisms.contains(&mechanism) && attributes.allows(mechanism);
        let ways = Way::all_for(kind, is_always_authenticated, is_there);
        if ways.is_empty() {
            let what = Way::all_for(kind, false, |_| true);
            let mut names: Vec<_> = what.iter().map(|way| way.mechanism.to_string()).collect();
            names.sort();
            names.dedup();
            let what = format!("the token has none of {} for it", names.join(", "));
            return Err(TokenError::UnsupportedKey(what).into());
        }
        let login = if is_always_authenticated { Some(self.name(handle)?) } else { None };
        Ok(FoundKey { handle, kind, ways, login })
    }

    /// Makes a signature with a key that wants a login for each: not every module takes such a key's message in parts.
    pub(crate) fn try_key(&self, key: &FoundKey, refused: &mut Refused) -> Result<(), Problem> {
        match key.ways.first() {
            Some(way) if key.login.is_some() => self.sign(key, way.scheme, b"is it possible?", refused).map(drop),
            _ => Ok(()),
        }
    }

    /// All private keys that can be seen, by what names them, and what public keys tell of more; what each can do, as
    /// far as it is known without a login for it.
    pub(crate) fn keys(&self) -> Result<Vec<ListedKey>, Problem> {
        let mut found: Vec<ListedKey> = Vec::new();
        for handle in self.find(ObjectClass::PRIVATE_KEY, &Name::default())? {
            let name = self.name(handle)?;
            found.push((name, self.key(handle).map_err(TokenError::from)));
        }
        for handle in self.find(ObjectClass::PUBLIC_KEY, &Name::default())? {
            let name = self.name(handle)?;
            if !found.iter().any(|(other, _)| *other == name || (other.id.is_some() && other.id == name.id)) {
                found.push((name, Err(TokenError::NoPin)));
            }
        }
        Ok(found)
    }

    fn name(&self, handle: ObjectHandle) -> Result<Name, Error> {
        let mut name = Name::default();
        for attribute in self.session.get_attributes(handle, &[AttributeType::Label, AttributeType::Id])? {
            match attribute {
                Attribute::Label(label) => name.label = String::from_utf8(label).ok().filter(|label| !label.is_empty()),
                Attribute::Id(id) => name.id = Some(id).filter(|id| !id.is_empty()),
                _ => {}
            }
        }
        Ok(name)
    }

    pub(crate) fn find_certificate(&self, name: &Name) -> Result<Vec<u8>, Problem> {
        let missing = || TokenError::NoCertificate(name.label.clone().unwrap_or_else(|| name.to_string()));
        let handles = self.find(ObjectClass::CERTIFICATE, name)?;
        let handle = handles.first().ok_or_else(missing)?;
        let found = self.session.get_attributes(*handle, &[AttributeType::Value])?;
        let value = found.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(value) => Some(value),
            _ => None,
        });
        Ok(value.ok_or_else(missing)?)
    }

    /// The signature as TLS wants it.
    pub(crate) fn sign(
        &self,
        key: &FoundKey,
        scheme: SignatureScheme,
        message: &[u8],
        refused: &mut Refused,
    ) -> Result<Vec<u8>, Problem> {
        let mut missing = None;
        for way in key.ways.iter().filter(|way| way.scheme == scheme) {
            match self.sign_by(key, *way, message, refused) {
                // A mechanism may be on the list and nowhere else.
                Err(Problem::Token(Error::Pkcs11(
                    why @ (RvError::MechanismInvalid | RvError::MechanismParamInvalid),
                    function,
                ))) => missing = Some(Error::Pkcs11(why, function)),
                signed => return Ok(key.kind.to_tls(signed?)?),
            }
        }
        Err(missing.unwrap_or(Error::NotSupported).into())
    }

    fn sign_by(&self, key: &FoundKey, way: Way, message: &[u8], refused: &mut Refused) -> Result<Vec<u8>, Problem> {
        let (mechanism, data) = way.prepare(message).ok_or(Error::NotSupported)?;
        let Some(name) = &key.login else {
            return Ok(self.session.sign(&mechanism, key.handle, &data)?);
        };
        refused.check(name)?;
        // The login is between the beginning of a signature and its data, where the crate `cryptoki` lets us in only if
        // the data comes in parts.
        self.session.sign_init(&mechanism, key.handle)?;
        let login = self.session.login(UserType::ContextSpecific, self.pin.as_ref());
        let login = login.map_err(|error| TokenError::of_login(&error));
        refused.note(name, &login);
        login.map_err(Problem::Broken)?;
        let signed = self.session.sign_update(&data).and_then(|()| self.session.sign_final());
        signed.map_err(|error| match error {
            Error::Pkcs11(RvError::FunctionNotSupported | RvError::OperationNotInitialized, _) => {
                let (mechanism, said) = (way.mechanism, in_words(&error));
                let what =
                    "it wants a login for each signature, for which the data is given in parts; the token does not";
                Problem::Broken(TokenError::UnsupportedKey(format!("{what} take it so with {mechanism} ({said})")))
            }
            error => Problem::Broken(TokenError::of(&error)),
        })
    }
}

/// What the token says of a key.
#[derive(Default)]
struct Attributes {
    key_type: Option<cryptoki::object::KeyType>,
    parameters: Option<Vec<u8>>,
    modulus: Option<Vec<u8>>,
    may_sign: bool,
    is_always_authenticated: bool,
    allowed: Vec<MechanismType>,
    /// Why something of it could not be asked.
    failure: Option<TokenError>,
}

impl Attributes {
    /// One by one: a token may refuse the question for an attribute that a key does not have.
    fn read(mut ask: impl FnMut(AttributeType) -> Result<Vec<Attribute>, Error>) -> Result<Self, Problem> {
        let mut attributes = Self { may_sign: true, ..Self::default() };
        for wanted in [
            AttributeType::KeyType,
            AttributeType::EcParams,
            AttributeType::Modulus,
            AttributeType::Sign,
            AttributeType::AlwaysAuthenticate,
            AttributeType::AllowedMechanisms,
        ] {
            match ask(wanted) {
                Err(error) => match TokenError::of(&error) {
                    TokenError::Gone(_) => return Err(error.into()),
                    other => drop(attributes.failure.get_or_insert(other)),
                },
                Ok(found) => found.into_iter().for_each(|attribute| attributes.take(attribute)),
            }
        }
        Ok(attributes)
    }

    fn take(&mut self, attribute: Attribute) {
        match attribute {
            Attribute::KeyType(found) => self.key_type = Some(found),
            Attribute::EcParams(found) => self.parameters = Some(found),
            Attribute::Modulus(found) => self.modulus = Some(found),
            Attribute::Sign(found) => self.may_sign = found,
            Attribute::AlwaysAuthenticate(found) => self.is_always_authenticated = found,
            Attribute::AllowedMechanisms(found) => self.allowed = found,
            _ => {}
        }
    }

    fn kind(&self) -> Result<Kind, TokenError> {
        let kind = match self.key_type {
            Some(key_type) => Kind::of(key_type, self.parameters.as_deref(), self.modulus.as_deref()),
            None => Err(TokenError::UnsupportedKey("its type is unknown".to_owned())),
        };
        // What could not be asked may be what is missing.
        kind.map_err(|unsupported| self.failure.clone().unwrap_or(unsupported))
    }

    /// `CKA_ALLOWED_MECHANISMS`: none means all.
    fn allows(&self, mechanism: MechanismType) -> bool {
        self.allowed.is_empty() || self.allowed.contains(&mechanism)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;
    use cryptoki::object::KeyType;

    fn refused<T>(why: RvError) -> Result<T, Error> {
        Err(Error::Pkcs11(why, Function::GetAttributeValue))
    }

    fn kind_of(ask: impl FnMut(AttributeType) -> Result<Vec<Attribute>, Error>) -> Result<Kind, TokenError> {
        Attributes::read(ask)?.kind()
    }

    #[test]
    fn an_attribute_that_the_key_does_not_have_may_be_refused() {
        let kind = kind_of(|wanted| match wanted {
            AttributeType::KeyType => Ok(vec![Attribute::KeyType(KeyType::RSA)]),
            AttributeType::Modulus => Ok(vec![Attribute::Modulus(vec![1; 256])]),
            _ => refused(RvError::FunctionFailed),
        });
        assert_eq!(kind.ok(), Some(Kind::Rsa));
    }

    #[test]
    fn a_token_that_vanishes_between_two_questions_is_gone() {
        for why in [RvError::ObjectHandleInvalid, RvError::DeviceRemoved] {
            for answers in 0..3 {
                let mut asked = 0;
                let kind = kind_of(|wanted| {
                    asked += 1;
                    match wanted {
                        _ if asked > answers => refused(why),
                        AttributeType::KeyType => Ok(vec![Attribute::KeyType(KeyType::EC)]),
                        _ => Ok(Vec::new()),
                    }
                });
                assert!(matches!(kind, Err(TokenError::Gone(_))), "{why}, after {answers} answers");
            }
        }
    }

    #[test]
    fn a_token_that_fails_is_not_taken_for_a_key_of_another_kind() {
        let kind = kind_of(|_| refused(RvError::DeviceError));
        assert!(matches!(kind, Err(TokenError::Failed(_))));
        let kind = kind_of(|_| Ok(Vec::new()));
        assert!(matches!(kind, Err(TokenError::UnsupportedKey(_))));
    }
}
