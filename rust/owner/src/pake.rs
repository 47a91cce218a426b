//! Login without sending the password: OPAQUE with ristretto255, SHA-512, 3DH and Argon2id (RFC 9807).
//!
//! The box keeps a [`Verifier`]: whoever reads it from a stolen card must still try passwords one by one, each through Argon2id
//! (19 MiB, 2 passes). At login Argon2id runs on the owner's phone, so ten thousand wrong logins a minute cost the box only a few
//! multiplications each.

use opaque_ke::argon2::Argon2;
use opaque_ke::rand::{CryptoRng, RngCore};
use opaque_ke::{
    CipherSuite, ClientRegistration, ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest, RegistrationRequest,
    RegistrationUpload, Ristretto255, ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup, TripleDh,
};

use crate::hex;

/// Bound into every login, so that its messages mean nothing elsewhere. The page's script has the same.
pub const CONTEXT: &[u8] = b"p2p-hotspot owner 1";
/// There is one owner.
const WHO: &[u8] = b"owner";
/// Longest serialized part, in bytes.
const MAX: usize = 512;

struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_10::Sha512>;
    type Ksf = Argon2<'static>;
}

/// The other side's message is malformed, or its password is wrong: the two look alike to whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl<T> From<opaque_ke::errors::ProtocolError<T>> for Refused {
    fn from(_: opaque_ke::errors::ProtocolError<T>) -> Self {
        Self
    }
}

/// What the box keeps of a password.
#[derive(Clone)]
pub struct Verifier {
    setup: ServerSetup<Suite>,
    record: ServerRegistration<Suite>,
}

/// A login that waits for the owner's last message.
pub struct Pending(ServerLogin<Suite>);

impl Verifier {
    /// The verifier of a password that this box itself was told (from hotspot.toml, or a setup code that it made). Takes a moment.
    pub fn of_password(rng: &mut (impl RngCore + CryptoRng), password: &str) -> Result<Self, Refused> {
        let setup = ServerSetup::<Suite>::new(rng);
        let start = ClientRegistration::<Suite>::start(rng, password.as_bytes())?;
        let answer = ServerRegistration::start(&setup, start.message, WHO)?;
        let upload = start.state.finish(rng, password.as_bytes(), answer.message, ClientRegistrationFinishParameters::default())?;
        Ok(Self { setup, record: ServerRegistration::finish(upload.message) })
    }

    /// The owner's first message (KE1, 96 bytes) → the box's answer (KE2) and what waits for the second.
    pub fn login(&self, rng: &mut (impl RngCore + CryptoRng), first: &[u8]) -> Result<(Vec<u8>, Pending), Refused> {
        let request = CredentialRequest::deserialize(first)?;
        let begun = ServerLogin::start(rng, &self.setup, Some(self.record.clone()), request, WHO, parameters())?;
        Ok((begun.message.serialize().to_vec(), Pending(begun.state)))
    }

    /// A new password, told by nobody: the owner's request (32 bytes) → the box's answer.
    pub fn change(&self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        let answer = ServerRegistration::start(&self.setup, RegistrationRequest::<Suite>::deserialize(request)?, WHO)?;
        Ok(answer.message.serialize().to_vec())
    }

    /// The verifier of the new password, from the owner's upload (192 bytes).
    pub fn changed(&self, upload: &[u8]) -> Result<Self, Refused> {
        let record = ServerRegistration::finish(RegistrationUpload::deserialize(upload)?);
        Ok(Self { setup: self.setup.clone(), record })
    }

    /// As two texts, for a file.
    pub fn to_texts(&self) -> [String; 2] {
        [hex::encode(&self.setup.serialize()), hex::encode(&self.record.serialize())]
    }

    /// From the two texts.
    pub fn from_texts(setup: &str, record: &str) -> Option<Self> {
        Some(Self {
            setup: ServerSetup::deserialize(&hex::decode(setup, MAX)?).ok()?,
            record: ServerRegistration::deserialize(&hex::decode(record, MAX)?).ok()?,
        })
    }
}

impl Pending {
    /// The owner's last message (KE3, 64 bytes) → the session's key, the same on both sides and known to nobody else.
    pub fn finish(self, last: &[u8]) -> Result<[u8; 64], Refused> {
        let done = self.0.finish(CredentialFinalization::deserialize(last)?, parameters())?;
        done.session_key.as_slice().try_into().map_err(|_| Refused)
    }
}

fn parameters<'a>() -> ServerLoginParameters<'a, 'a> {
    ServerLoginParameters { context: Some(CONTEXT), ..ServerLoginParameters::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opaque_ke::{ClientLogin, ClientLoginFinishParameters, CredentialResponse};
    use rand_core::OsRng;

    /// What the page's script does, by the library.
    fn log_in(verifier: &Verifier, password: &str) -> Result<([u8; 64], [u8; 64]), Refused> {
        let begun = ClientLogin::<Suite>::start(&mut OsRng, password.as_bytes())?;
        let (answer, pending) = verifier.login(&mut OsRng, &begun.message.serialize())?;
        let parameters = ClientLoginFinishParameters { context: Some(CONTEXT), ..Default::default() };
        let done = begun.state.finish(&mut OsRng, password.as_bytes(), CredentialResponse::deserialize(&answer)?, parameters)?;
        let ours = pending.finish(&done.message.serialize())?;
        Ok((ours, done.session_key.as_slice().try_into().unwrap()))
    }

    #[test]
    fn the_right_password_makes_one_key_and_a_wrong_one_none() {
        let verifier = Verifier::of_password(&mut OsRng, "pão de queijo").unwrap();
        let [setup, record] = verifier.to_texts();
        let verifier = Verifier::from_texts(&setup, &record).unwrap();
        let (ours, theirs) = log_in(&verifier, "pão de queijo").unwrap();
        assert_eq!(ours, theirs);
        assert_ne!(log_in(&verifier, "pão de queijo").unwrap().0, ours, "each login has its own key");
        assert_eq!(log_in(&verifier, "pao de queijo").unwrap_err(), Refused);
    }

    #[test]
    fn a_new_password_replaces_the_old_one() {
        let old = Verifier::of_password(&mut OsRng, "setup code").unwrap();
        let begun = ClientRegistration::<Suite>::start(&mut OsRng, b"new password").unwrap();
        let answer = old.change(&begun.message.serialize()).unwrap();
        let answer = opaque_ke::RegistrationResponse::deserialize(&answer).unwrap();
        let upload = begun.state.finish(&mut OsRng, b"new password", answer, Default::default()).unwrap();
        let new = old.changed(&upload.message.serialize()).unwrap();
        assert!(log_in(&new, "new password").is_ok() && log_in(&new, "setup code").is_err() && log_in(&old, "setup code").is_ok());
    }

    #[test]
    fn nonsense_is_refused() {
        let verifier = Verifier::of_password(&mut OsRng, "x").unwrap();
        for bytes in [&[][..], &[0; 96], &[0xff; 96], &[1; 95], &[1; 4096]] {
            assert!(verifier.login(&mut OsRng, bytes).is_err());
            assert!(verifier.change(bytes).is_err());
            assert!(verifier.changed(bytes).is_err());
        }
        assert!(Verifier::from_texts("", "").is_none() && Verifier::from_texts("zz", "00").is_none());
    }
}
