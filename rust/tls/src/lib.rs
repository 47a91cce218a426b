//! A community's own certificate: what an owner gives, judged before it is kept, and what a TLS server makes of it. No file, no
//! clock, no socket.
#![forbid(unsafe_code)]

mod der;
mod pem;
mod refusal;

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureAlgorithm, version};

use der::Facts;
pub use refusal::{Note, Refusal, date};

/// Largest text of a chain of certificates, in bytes.
pub const MAX_CHAIN: usize = 48 * 1024;
/// Largest text of a key, in bytes.
pub const MAX_KEY: usize = 16 * 1024;
/// Certificates of one chain at most.
const MOST: usize = 8;

/// A certificate with its chain and key, for one domain.
pub struct Pair {
    domain: String,
    certified: CertifiedKey,
    text: String,
    /// It holds from this time on, in seconds since 1970,
    pub from: u64,
    /// and until this one.
    pub until: u64,
    /// What does not speak against it, and should be known.
    pub notes: Vec<Note>,
}

/// Judges what an owner gave for `domain`; `now` is the time in seconds since 1970, where it is known.
pub fn check(chain: &str, key: &str, domain: &str, now: Option<u64>) -> Result<Pair, Refusal> {
    if domain.is_empty() {
        return Err(Refusal::NoDomain);
    }
    if chain.len() > MAX_CHAIN || key.len() > MAX_KEY {
        return Err(Refusal::TooLarge);
    }
    let mut pair = judge(chain, key, domain)?;
    match now {
        None => pair.notes.push(Note::NoClock),
        Some(now) if now > pair.until => return Err(Refusal::Ended(pair.until)),
        Some(now) if now < pair.from => return Err(Refusal::Early(pair.from)),
        Some(_) => {}
    }
    Ok(pair)
}

/// Reads what [`Pair::text`] gave; its dates are for the caller to look at.
pub fn read(text: &str, domain: &str) -> Result<Pair, Refusal> {
    judge(text, text, domain)
}

fn judge(chain: &str, key: &str, domain: &str) -> Result<Pair, Refusal> {
    let (given_chain, given_key) = (chain, key);
    let (chain, key) = (pem::certificates(given_chain), pem::key(given_key));
    let swapped = || !pem::key(given_chain).is_empty() || !pem::certificates(given_key).is_empty();
    match (chain.is_empty(), key.is_empty()) {
        (true, true) if swapped() => return Err(Refusal::Swapped),
        (true, _) if given_chain.trim().is_empty() => return Err(Refusal::ChainEmpty),
        (true, _) => return Err(Refusal::ChainForm),
        (_, true) if given_key.trim().is_empty() => return Err(Refusal::KeyEmpty),
        (_, true) => return Err(Refusal::KeyForm),
        (false, false) => {}
    }
    if pem::is_locked(&key) {
        return Err(Refusal::KeyLocked);
    }
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().map_err(|_| Refusal::ChainForm)?;
    if certificates.len() > MOST {
        return Err(Refusal::TooLarge);
    }
    let facts: Vec<Facts> = certificates.iter().map(|c| Facts::of(c)).collect::<Option<_>>().ok_or(Refusal::ChainForm)?;
    let (Some(first), Some(first_facts)) = (certificates.first(), facts.first()) else { return Err(Refusal::ChainForm) };
    let parsed = ParsedCertificate::try_from(first).map_err(|_| Refusal::ChainForm)?;
    let private = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| Refusal::KeyForm)?;
    let signer = ring::sign::any_supported_type(&private).map_err(|_| Refusal::KeyKind)?;
    let fits = |certificate: &CertificateDer<'static>| CertifiedKey::new(vec![certificate.clone()], signer.clone()).keys_match().is_ok();
    if !fits(first) {
        return Err(if certificates[1..].iter().any(fits) { Refusal::Order } else { Refusal::WrongKey });
    }
    let name = ServerName::try_from(domain).map_err(|_| Refusal::Name(domain.to_owned()))?;
    rustls::client::verify_server_name(&parsed, &name).map_err(|_| Refusal::Name(domain.to_owned()))?;
    if facts.windows(2).any(|two| two[0].issuer != two[1].subject) {
        return Err(Refusal::Order);
    }
    let mut notes = Vec::new();
    if certificates.len() == 1 && first_facts.issuer != first_facts.subject {
        notes.push(Note::Alone);
    }
    if signer.algorithm() == SignatureAlgorithm::ED25519 {
        notes.push(Note::Ed25519);
    }
    let (from, until) = (first_facts.from, first_facts.until);
    let text = key + &chain;
    let certified = CertifiedKey::new(certificates, signer);
    Ok(Pair { domain: domain.to_owned(), certified, text, from, until, notes })
}

impl Pair {
    /// Key and chain as one text, to be kept where only the server reads.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A server's side of TLS 1.2 and 1.3 for who asks for this domain; who names another one, or none, is refused at once.
    pub fn server(self) -> Result<ServerConfig, String> {
        let only = Only { domain: self.domain, certified: Arc::new(self.certified) };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|e| e.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(only));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Shows the certificate under its own name alone: a page that opens only after a warning would teach people to tap warnings away.
#[derive(Debug)]
struct Only {
    domain: String,
    certified: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Only {
    fn resolve(&self, hello: ClientHello) -> Option<Arc<CertifiedKey>> {
        hello.server_name().filter(|name| name.eq_ignore_ascii_case(&self.domain)).map(|_| self.certified.clone())
    }
}

#[cfg(test)]
mod tests;
