//! The simulator, and keys in it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tss_esapi::Context;
use tss_esapi::attributes::ObjectAttributesBuilder;
use tss_esapi::handles::PersistentTpmHandle;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::dynamic_handles::Persistent;
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::key_bits::RsaKeyBits;
use tss_esapi::interface_types::resource_handles::{Hierarchy, Provision};
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Auth, EccPoint, EccScheme, HashScheme, KeyDerivationFunctionScheme, Public, PublicBuilder,
    PublicEccParametersBuilder, PublicKeyRsa, PublicRsaParametersBuilder, RsaExponent, RsaScheme,
    SymmetricDefinitionObject,
};
use tss_esapi::tcti_ldr::TctiNameConf;

pub(crate) const PASSWORD: &[u8] = b"a password";

/// Where keys are, in their order.
const FIRST_HANDLE: u32 = 0x8101_0001;

/// A TPM, with what it remembers in a folder of its own.
pub(crate) struct Simulator {
    folder: PathBuf,
    pub(crate) port: u16,
    process: Option<Child>,
}

/// Two ports that are free now, one behind the other.
fn ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let is_free = first.checked_add(1).is_some_and(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
        if is_free {
            return first;
        }
    }
}

impl Simulator {
    /// A new one; a word about it where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if Command::new("swtpm").arg("--version").stdout(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("SAITLS_REQUIRE_PEERS").is_none(), "swtpm is not installed");
            println!("SKIPPED: swtpm is not installed (Debian: swtpm)");
            return None;
        }
        let name = format!("saitls-tpm-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut simulator = Self { folder, port: ports(), process: None };
        simulator.run();
        Some(simulator)
    }

    /// Power, and what a firmware does then.
    pub(crate) fn run(&mut self) {
        let process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .arg("--tpmstate")
            .arg(format!("dir={}", self.folder.display()))
            .args(["--server", &format!("type=tcp,port={}", self.port)])
            .args(["--ctrl", &format!("type=tcp,port={}", self.port + 1)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(process.unwrap());
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port + 1)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(20), "swtpm does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Power is off and on again: nothing has started it.
    pub(crate) fn reset(&self) {
        let mut control = TcpStream::connect(("127.0.0.1", self.port + 1)).unwrap();
        // CMD_INIT, without flags.
        control.write_all(&[0, 0, 0, 2, 0, 0, 0, 0]).unwrap();
        let mut answer = [0; 4];
        control.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0; 4]);
    }

    pub(crate) fn tcti(&self) -> String {
        tcti(self.port)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn tcti(port: u16) -> String {
    format!("swtpm:host=127.0.0.1,port={port}")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Rsa,
    /// P-256 that signs what the TPM has hashed.
    Restricted,
    /// P-256 with a password.
    Protected,
    /// RSA that signs as TLS 1.2 did.
    Pkcs1,
    /// P-256 for storage.
    Storage,
    /// P-256 that signs with SHA-384.
    OtherHash,
}

fn template(kind: Kind) -> Public {
    let is_storage = kind == Kind::Storage;
    let attributes = ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_restricted(is_storage || kind == Kind::Restricted)
        .with_decrypt(is_storage)
        .with_sign_encrypt(!is_storage)
        .build()
        .unwrap();
    let builder =
        PublicBuilder::new().with_name_hashing_algorithm(HashingAlgorithm::Sha256).with_object_attributes(attributes);
    if matches!(kind, Kind::Rsa | Kind::Pkcs1) {
        let scheme = match kind {
            Kind::Rsa => RsaScheme::Null,
            _ => RsaScheme::RsaSsa(HashScheme::new(HashingAlgorithm::Sha256)),
        };
        let parameters = PublicRsaParametersBuilder::new()
            .with_scheme(scheme)
            .with_key_bits(RsaKeyBits::Rsa2048)
            .with_exponent(RsaExponent::default())
            .with_is_signing_key(true)
            .build();
        return builder
            .with_public_algorithm(PublicAlgorithm::Rsa)
            .with_rsa_parameters(parameters.unwrap())
            .with_rsa_unique_identifier(PublicKeyRsa::default())
            .build()
            .unwrap();
    }
    let hash = if kind == Kind::OtherHash { HashingAlgorithm::Sha384 } else { HashingAlgorithm::Sha256 };
    let scheme = match kind {
        Kind::Restricted | Kind::OtherHash => EccScheme::EcDsa(HashScheme::new(hash)),
        _ => EccScheme::Null,
    };
    let mut parameters = PublicEccParametersBuilder::new()
        .with_ecc_scheme(scheme)
        .with_curve(if kind == Kind::P384 { EccCurve::NistP384 } else { EccCurve::NistP256 })
        // The builder takes no key for signatures that has no scheme of its own; TPMs do.
        .with_is_signing_key(!matches!(scheme, EccScheme::Null))
        .with_is_decryption_key(is_storage)
        .with_restricted(is_storage || kind == Kind::Restricted)
        .with_key_derivation_function_scheme(KeyDerivationFunctionScheme::Null);
    if is_storage {
        parameters = parameters.with_symmetric(SymmetricDefinitionObject::AES_128_CFB);
    }
    builder
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_ecc_parameters(parameters.build().unwrap())
        .with_ecc_unique_identifier(EccPoint::default())
        .build()
        .unwrap()
}

/// Makes keys, which stay. Returns their handles.
pub(crate) fn with_keys(simulator: &Simulator, kinds: &[Kind]) -> Vec<u32> {
    let mut context = Context::new(TctiNameConf::from_str(&simulator.tcti()).unwrap()).unwrap();
    let mut handles = Vec::new();
    context.execute_with_session(Some(AuthSession::Password), |context| {
        for (&kind, handle) in kinds.iter().zip(FIRST_HANDLE..) {
            let auth = (kind == Kind::Protected).then(|| Auth::try_from(PASSWORD).unwrap());
            let made = context.create_primary(Hierarchy::Owner, template(kind), auth, None, None, None).unwrap();
            let place = Persistent::Persistent(PersistentTpmHandle::new(handle).unwrap());
            context.evict_control(Provision::Owner, made.key_handle.into(), place).unwrap();
            context.flush_context(made.key_handle.into()).unwrap();
            handles.push(handle);
        }
    });
    handles
}
