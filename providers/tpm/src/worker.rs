//! The thread of a TPM: what is done with it, one thing at a time.

use crate::error::{TpmError, is_busy, kind};
use saitls_core::codes::NamedGroup;
use std::str::FromStr;
use std::time::{Duration, Instant};
use tss_esapi::attributes::ObjectAttributesBuilder;
use tss_esapi::constants::response_code::Tss2ResponseCodeKind as Kind;
use tss_esapi::constants::startup_type::StartupType;
use tss_esapi::handles::{KeyHandle, ObjectHandle, PersistentTpmHandle, TpmHandle};
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Auth, EccParameter, EccPoint, EccScheme, KeyDerivationFunctionScheme, MaxBuffer, Public, PublicBuilder,
    PublicEccParameters, PublicEccParametersBuilder, PublicParameters, Signature, SignatureScheme,
};
use tss_esapi::tcti_ldr::TctiNameConf;
use tss_esapi::utils::TpmsContext;
use tss_esapi::{Context, Result};
use zeroize::Zeroizing;

/// How long a TPM may say that it is busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is left alone then, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(200)];
/// A TPM that cannot be reached is not looked for again before this time.
const RETRY: Duration = Duration::from_secs(1);
/// As many random bytes are asked for at once: TPMs give as many as their longest digest has at most.
const RANDOM_LEN: usize = 32;

/// A persistent key and what it is used with.
#[derive(Clone, PartialEq)]
pub(crate) struct KeyName {
    pub(crate) handle: u32,
    pub(crate) auth: Auth,
}

/// Where keys are in a context.
type Keys = Vec<(u32, ObjectHandle)>;

/// Why there is no shared secret.
pub(crate) enum Refusal {
    Share,
    Tpm(TpmError),
}

impl From<TpmError> for Refusal {
    fn from(error: TpmError) -> Self {
        Self::Tpm(error)
    }
}

/// A private key of one key exchange: encrypted by the TPM, which keeps nothing of it, and our share.
#[derive(Clone)]
pub(crate) struct Generated {
    key: TpmsContext,
    pub(crate) share: Vec<u8>,
}

/// A shared secret.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

pub(crate) struct Worker {
    tcti: TctiNameConf,
    context: Option<Context>,
    /// When it was last looked for in vain, and what was said.
    unreachable: Option<(Instant, TpmError)>,
    /// Keys in this context.
    keys: Keys,
    /// Keys whose authorisation was wrong.
    refused: Vec<KeyName>,
}

impl Worker {
    /// Reaches the TPM.
    pub(crate) fn open(tcti: &str) -> std::result::Result<Self, TpmError> {
        let tcti = TctiNameConf::from_str(tcti).map_err(|error| TpmError::Unreachable(error.to_string()))?;
        let (context, unreachable) = (None, None);
        let mut worker = Self { tcti, context, unreachable, keys: Keys::new(), refused: Vec::new() };
        worker.with(|context, _| context.get_random(1)).map(drop)?;
        Ok(worker)
    }

    fn context(&mut self) -> std::result::Result<&mut Context, TpmError> {
        if self.context.is_none() {
            if let Some((at, said)) = &self.unreachable
                && at.elapsed() < RETRY
            {
                return Err(said.clone());
            }
            self.keys.clear();
            match Context::new(self.tcti.clone()) {
                Ok(context) => (self.context, self.unreachable) = (Some(context), None),
                Err(error) => {
                    let error = TpmError::Unreachable(error.to_string());
                    self.unreachable = Some((Instant::now(), error.clone()));
                    return Err(error);
                }
            }
        }
        self.context.as_mut().ok_or(TpmError::Stopped)
    }

    /// Asks the TPM for something: later if it is busy; after a start if it has had none; and over a new connection
    /// if it does not answer on this one.
    fn with<T>(
        &mut self,
        mut ask: impl FnMut(&mut Context, &mut Keys) -> Result<T>,
    ) -> std::result::Result<T, TpmError> {
        let since = Instant::now();
        let [mut pause, longest] = PAUSES;
        let (mut was_started, mut was_reopened) = (false, false);
        loop {
            let mut keys = std::mem::take(&mut self.keys);
            let context = self.context()?;
            let answer = ask(context, &mut keys);
            let error = match answer {
                Ok(value) => {
                    self.keys = keys;
                    return Ok(value);
                }
                Err(error) => error,
            };
            match kind(error) {
                Some(kind) if is_busy(kind) && since.elapsed() < PATIENCE => {
                    self.keys = keys;
                    std::thread::sleep(pause);
                    pause = longest.min(pause * 2);
                    continue;
                }
                Some(Kind::Initialize) if !was_started => {
                    was_started = true;
                    if context.startup(StartupType::Clear).is_ok() {
                        continue;
                    }
                }
                _ => {}
            }
            // Whether it answers at all.
            if context.get_random(1).is_ok() {
                self.keys = keys;
                return Err(TpmError::of(error));
            }
            self.context = None;
            if std::mem::replace(&mut was_reopened, true) {
                return Err(TpmError::Unreachable(error.to_string()));
            }
        }
    }

    pub(crate) fn random(&mut self, len: usize) -> std::result::Result<Zeroizing<Vec<u8>>, TpmError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(len + RANDOM_LEN));
        while bytes.len() < len {
            let drawn = self.with(|context, _| context.get_random(RANDOM_LEN))?;
            if drawn.is_empty() {
                return Err(TpmError::Failed("it gives no random bytes".to_owned()));
            }
            bytes.extend_from_slice(drawn.get(..RANDOM_LEN.min(drawn.len())).unwrap_or_default());
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// Those of the groups whose curves the TPM has.
    pub(crate) fn groups(&mut self, groups: &[NamedGroup]) -> std::result::Result<Vec<NamedGroup>, TpmError> {
        let mut found = Vec::new();
        for &group in groups {
            let Some(curve) = curve(group) else { continue };
            let has = self.with(|context, _| context.test_parms(PublicParameters::Ecc(parameters(curve)?)));
            match has {
                Ok(()) => found.push(group),
                Err(TpmError::Failed(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The public half of a key.
    pub(crate) fn public(&mut self, name: &KeyName) -> std::result::Result<Public, TpmError> {
        let public = self.with(|context, keys| {
            let key = find(context, keys, name)?;
            context.read_public(key).map(|(public, ..)| public)
        });
        public.map_err(|error| if matches!(error, TpmError::Failed(_)) { TpmError::NoKey(name.handle) } else { error })
    }

    /// Signs a message, which the TPM hashes: it will not sign what others hashed with a restricted key, unless it is
    /// sure that it could not say so itself.
    pub(crate) fn sign(
        &mut self,
        name: &KeyName,
        scheme: SignatureScheme,
        hash: HashingAlgorithm,
        message: &[u8],
    ) -> std::result::Result<Signature, TpmError> {
        if self.refused.contains(name) {
            return Err(TpmError::WrongAuth);
        }
        let signed = self.with(|context, keys| {
            let key = find(context, keys, name)?;
            let message = MaxBuffer::try_from(message)?;
            let (digest, ticket) =
                context.execute_without_session(|context| context.hash(message, hash, Hierarchy::Owner))?;
            context
                .execute_with_session(Some(AuthSession::Password), |context| context.sign(key, digest, scheme, ticket))
        });
        if signed == Err(TpmError::WrongAuth) {
            self.refused.push(name.clone());
        }
        signed
    }

    /// A pair on the curve of a group.
    pub(crate) fn generate(&mut self, group: NamedGroup) -> std::result::Result<Generated, TpmError> {
        let curve = curve(group).ok_or(TpmError::Stopped)?;
        // What is drawn makes the key another one each time: primary keys are derived from what they are to be.
        let len = coordinate_len(curve);
        let salt = self.random(2 * len)?;
        let (x, y) = salt.split_at(len);
        let (key, public) = self.with(|context, _| {
            let template = public(curve, EccPoint::new(EccParameter::try_from(x)?, EccParameter::try_from(y)?))?;
            let made = context.execute_with_session(Some(AuthSession::Password), |context| {
                context.create_primary(Hierarchy::Null, template, None, None, None, None)
            })?;
            let key = context.execute_with_temporary_object(made.key_handle.into(), |context, handle| {
                context.context_save(handle)
            })?;
            Ok((key, made.out_public))
        })?;
        match public {
            Public::Ecc { unique, .. } => Ok(Generated { key, share: share(curve, &unique)? }),
            _ => Err(TpmError::Failed("it made another key than it was asked for".to_owned())),
        }
    }

    /// The secret that is shared with whose share that is.
    pub(crate) fn decapsulate(
        &mut self,
        group: NamedGroup,
        generated: &Generated,
        peer_share: &[u8],
    ) -> std::result::Result<Secret, Refusal> {
        let curve = curve(group).ok_or(Refusal::Share)?;
        let peer = point(curve, peer_share).ok_or(Refusal::Share)?;
        let agreed = self.agree(|context| {
            let key = context.context_load(generated.key.clone())?;
            context.execute_with_temporary_object(key, |context, key| {
                let agree = |context: &mut Context| context.ecdh_z_gen(KeyHandle::from(key), peer.clone());
                Ok(context.execute_with_session(Some(AuthSession::Password), agree))
            })
        })?;
        Ok(coordinate(curve, agreed.x())?)
    }

    /// Our share, and the secret.
    pub(crate) fn encapsulate(
        &mut self,
        group: NamedGroup,
        peer_share: &[u8],
    ) -> std::result::Result<(Vec<u8>, Secret), Refusal> {
        let curve = curve(group).ok_or(Refusal::Share)?;
        let peer = point(curve, peer_share).ok_or(Refusal::Share)?;
        let (agreed, ours) = self.agree(|context| {
            let key =
                match public(curve, peer.clone()).and_then(|key| context.load_external_public(key, Hierarchy::Null)) {
                    Ok(key) => key,
                    Err(error) => return Ok(Err(error)),
                };
            context.execute_with_temporary_object(key.into(), |context, _| Ok(context.ecdh_key_gen(key)))
        })?;
        Ok((share(curve, &ours)?, coordinate(curve, agreed.x())?))
    }

    /// Tells a share that the TPM does not take, which is the inner error, from a TPM that fails.
    fn agree<T>(&mut self, mut ask: impl FnMut(&mut Context) -> Result<Result<T>>) -> std::result::Result<T, Refusal> {
        let mut refused = false;
        let agreed = self.with(|context, _| match ask(context)? {
            Err(error) if is_of_point(error) => {
                refused = true;
                Err(error)
            }
            agreed => agreed,
        });
        agreed.map_err(|error| if refused { Refusal::Share } else { Refusal::Tpm(error) })
    }
}

/// What a TPM says to what is no point of the curve.
fn is_of_point(error: tss_esapi::Error) -> bool {
    matches!(kind(error), Some(Kind::EccPoint | Kind::NoResult | Kind::Key | Kind::Value | Kind::Range | Kind::Size))
}

fn find(context: &mut Context, keys: &mut Keys, name: &KeyName) -> Result<KeyHandle> {
    let known = keys.iter().find(|(handle, _)| *handle == name.handle).map(|(_, key)| *key);
    let key = match known {
        Some(key) => key,
        None => {
            let handle = TpmHandle::Persistent(PersistentTpmHandle::new(name.handle)?);
            let key = context.execute_without_session(|context| context.tr_from_tpm_public(handle))?;
            keys.push((name.handle, key));
            key
        }
    };
    // The same key may be used with several, of which wrong ones must not stay.
    context.tr_set_auth(key, name.auth.clone())?;
    Ok(KeyHandle::from(key))
}

pub(crate) const fn curve(group: NamedGroup) -> Option<EccCurve> {
    match group {
        NamedGroup::SECP256R1 => Some(EccCurve::NistP256),
        NamedGroup::SECP384R1 => Some(EccCurve::NistP384),
        _ => None,
    }
}

const fn coordinate_len(curve: EccCurve) -> usize {
    match curve {
        EccCurve::NistP384 => 48,
        _ => 32,
    }
}

/// The length of a share of a group: an uncompressed point.
pub(crate) fn share_len(group: NamedGroup) -> Option<usize> {
    Some(1 + 2 * coordinate_len(curve(group)?))
}

/// A key that agrees on secrets and does nothing else.
fn parameters(curve: EccCurve) -> Result<PublicEccParameters> {
    PublicEccParametersBuilder::new()
        .with_ecc_scheme(EccScheme::Null)
        .with_curve(curve)
        .with_is_signing_key(false)
        .with_is_decryption_key(true)
        .with_restricted(false)
        .with_key_derivation_function_scheme(KeyDerivationFunctionScheme::Null)
        .build()
}

fn public(curve: EccCurve, unique: EccPoint) -> Result<Public> {
    let attributes = ObjectAttributesBuilder::new()
        .with_user_with_auth(true)
        .with_sensitive_data_origin(true)
        .with_no_da(true)
        .with_decrypt(true)
        .build()?;
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(parameters(curve)?)
        .with_ecc_unique_identifier(unique)
        .build()
}

/// A point as TLS sends it (RFC 9846 4.3.8.2).
fn point(curve: EccCurve, share: &[u8]) -> Option<EccPoint> {
    let (form, coordinates) = share.split_first()?;
    let len = coordinate_len(curve);
    if *form != 4 || coordinates.len() != 2 * len {
        return None;
    }
    let (x, y) = coordinates.split_at(len);
    Some(EccPoint::new(EccParameter::try_from(x).ok()?, EccParameter::try_from(y).ok()?))
}

/// A coordinate in its whole length: a TPM may leave out zeros in front. Nothing, or more than there can be, is none:
/// zeros in its place would be a secret that everybody knows.
fn coordinate(curve: EccCurve, value: &EccParameter) -> std::result::Result<Secret, TpmError> {
    let len = coordinate_len(curve);
    let mut whole = Zeroizing::new(vec![0; len]);
    let value = value.value();
    match len.checked_sub(value.len()).and_then(|from| whole.get_mut(from..)) {
        Some(place) if !value.is_empty() => place.copy_from_slice(value),
        _ => return Err(TpmError::Failed("it told a coordinate of a wrong length".to_owned())),
    }
    Ok(whole)
}

fn share(curve: EccCurve, point: &EccPoint) -> std::result::Result<Vec<u8>, TpmError> {
    let mut share = vec![4];
    share.extend_from_slice(&coordinate(curve, point.x())?);
    share.extend_from_slice(&coordinate(curve, point.y())?);
    Ok(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_whole() {
        let short = EccParameter::try_from(&[7u8; 30][..]).unwrap_or_default();
        let expected = [&[0; 2][..], &[7; 30]].concat();
        assert!(coordinate(EccCurve::NistP256, &short).is_ok_and(|whole| *whole == expected));
        for len in [0, 33] {
            let wrong = EccParameter::try_from(vec![7; len]).unwrap_or_default();
            assert!(coordinate(EccCurve::NistP256, &wrong).is_err(), "{len}");
        }
    }

    #[test]
    fn shares_are_points_that_are_not_compressed() {
        let good = [&[4][..], &[1; 64]].concat();
        assert!(point(EccCurve::NistP256, &good).is_some());
        for len in [0, 1, 33, 64, 66, 97] {
            assert!(point(EccCurve::NistP256, &vec![4; len]).is_none(), "{len}");
        }
        assert!(point(EccCurve::NistP256, &[&[2][..], &[1; 64]].concat()).is_none());
    }
}
