//! Access tokens on the wire: JSON Web Tokens (RFC 7519) of the profile for access tokens (RFC 9068), in the compact form.
//! A key says by which algorithm it signs, never the token; whatever a token says besides is looked at after its signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;
/// What the header of an access token says that it is.
pub const ACCESS_TOKEN: &str = "at+jwt";
/// By how much two clocks may differ, in seconds.
pub const LEEWAY_SECONDS: i64 = 30;

/// What is wrong with a token, for the log and for tests; its bearer learns only that it is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no token at all, or one of another kind.
    Malformed,
    /// By a key, or an algorithm, that is not the issuer's.
    Key,
    Signature,
    Expired,
    NotYet,
    Issuer,
    Audience,
}

/// A key that verifies, by one algorithm only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// `EdDSA` on Ed25519.
    Ed25519(Vec<u8>),
    /// `ES256`; the point uncompressed.
    P256(Vec<u8>),
    /// `RS256`, of 2048 bits or more.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// The `alg` of what it signs.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa { .. } => "RS256",
        }
    }

    fn verify(&self, message: &[u8], signed: &[u8]) -> bool {
        let verified = match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signed),
            Self::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signed)
            }
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signed)
            }
        };
        verified.is_ok()
    }
}

/// A member of a JWK Set (RFC 7517), as far as it is for verifying.
#[derive(Clone, Debug, Deserialize)]
pub struct Jwk {
    kty: String,
    #[serde(default)]
    pub kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
}

impl Jwk {
    /// `None` for keys that verify nothing here: of other kinds, for encryption, or incomplete.
    pub fn public_key(&self) -> Option<PublicKey> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => PublicKey::Ed25519(bytes(self.x.as_deref()?)?),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(self.x.as_deref()?)?, bytes(self.y.as_deref()?)?);
                PublicKey::P256([vec![4], x, y].concat())
            }
            ("RSA", _) => PublicKey::Rsa {
                n: bytes(self.n.as_deref()?)?,
                e: bytes(self.e.as_deref()?)?,
            },
            _ => return None,
        };
        let fits = self.alg.as_deref().is_none_or(|alg| alg == key.algorithm());
        fits.then_some(key)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood: we understand none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

/// A token whose parts could be read, and nothing of which is believed yet.
pub struct Unverified<'a> {
    header: Header,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Fails with `Malformed`.
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        if text.len() > MAX_BYTES {
            return Err(Fault::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Malformed)?;
        let [header, payload, signature] =
            [header, payload, signature].map(|part| bytes(part).ok_or(Fault::Malformed));
        let header: Header = serde_json::from_slice(&header?).map_err(|_| Fault::Malformed)?;
        if header.crit.is_some() {
            return Err(Fault::Malformed);
        }
        Ok(Self {
            header,
            signed,
            payload: payload?,
            signature: signature?,
        })
    }

    /// The name of the key that it says it was signed with.
    pub fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// What it says, once its signature is right and it is of the wanted type.
    pub fn verify<C: DeserializeOwned>(
        &self,
        key: &PublicKey,
        types: &[Option<&str>],
    ) -> Result<C, Fault> {
        if self.header.alg != key.algorithm() {
            return Err(Fault::Key);
        }
        let typ = self.header.typ.as_deref().map(str::to_ascii_lowercase);
        let typ = typ.as_deref();
        let typ = typ.map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
        if !types.contains(&typ) {
            return Err(Fault::Malformed);
        }
        if !key.verify(self.signed.as_bytes(), &self.signature) {
            return Err(Fault::Signature);
        }
        serde_json::from_slice(&self.payload).map_err(|_| Fault::Malformed)
    }
}

/// One audience, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => is_same(one, audience),
            Self::Several(several) => several.iter().any(|one| is_same(one, audience)),
        }
    }
}

/// Whether two names of a resource are one: with and without a slash at the end.
pub fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// What every token says about when, by whom and for whom it is. Times are in seconds since 1970 (NumericDate, whole).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    pub iss: String,
    pub aud: Audience,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    pub iat: i64,
}

impl Registered {
    /// Fails with the first that is wrong. Of the audiences one must be named.
    pub fn check(&self, issuer: &str, audiences: &[&str], now: i64) -> Result<(), Fault> {
        if self.iss != issuer {
            return Err(Fault::Issuer);
        }
        if !audiences.iter().any(|audience| self.aud.names(audience)) {
            return Err(Fault::Audience);
        }
        if self.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Fault::Expired);
        }
        let begins = self.nbf.unwrap_or(self.iat).max(self.iat);
        match begins > now.saturating_add(LEEWAY_SECONDS) {
            true => Err(Fault::NotYet),
            false => Ok(()),
        }
    }
}

/// Signs claims as a token of this type.
pub fn sign(
    pair: &Ed25519KeyPair,
    key_id: &str,
    claims: &impl Serialize,
) -> serde_json::Result<String> {
    let header = Header {
        alg: "EdDSA".to_owned(),
        typ: Some(ACCESS_TOKEN.to_owned()),
        kid: Some(key_id.to_owned()),
        crit: None,
    };
    let (header, claims) = (serde_json::to_vec(&header)?, serde_json::to_vec(claims)?);
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature: signature::Signature = pair.sign(signed.as_bytes());
    Ok(format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(signature.as_ref())
    ))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use ring::signature::KeyPair;
    use serde_json::{Value, json};

    use super::*;

    const TYPES: &[Option<&str>] = &[Some(ACCESS_TOKEN)];

    fn pair() -> (Ed25519KeyPair, PublicKey) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = PublicKey::Ed25519(pair.public_key().as_ref().to_vec());
        (pair, public)
    }

    fn verify(token: &str, key: &PublicKey) -> Result<Value, Fault> {
        Unverified::parse(token)?.verify(key, TYPES)
    }

    fn assembled(header: Value, token: &str) -> String {
        let (_, rest) = token.split_once('.').unwrap();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    #[test]
    fn what_was_signed_is_read_back_and_nothing_else_is() {
        let (pair, public) = pair();
        let token = sign(&pair, "k", &json!({ "sub": "ada" })).unwrap();
        assert_eq!(verify(&token, &public), Ok(json!({ "sub": "ada" })));
        let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
        let other = PublicKey::Ed25519(other.public_key().as_ref().to_vec());
        assert_eq!(verify(&token, &other), Err(Fault::Signature));
        for place in [0, token.len() / 2, token.len() - 5] {
            let mut altered = token.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            assert!(verify(&String::from_utf8(altered).unwrap(), &public).is_err());
        }
    }

    #[test]
    fn the_key_says_which_algorithm_it_is_and_the_token_does_not() {
        let (pair, public) = pair();
        let token = sign(&pair, "k", &json!({})).unwrap();
        for alg in ["none", "HS256", "RS256", "ES256"] {
            let altered = assembled(json!({ "alg": alg, "typ": "at+jwt", "kid": "k" }), &token);
            assert_eq!(verify(&altered, &public), Err(Fault::Key), "{alg}");
        }
        let no_type = assembled(json!({ "alg": "EdDSA", "kid": "k" }), &token);
        assert_eq!(verify(&no_type, &public), Err(Fault::Malformed));
        let critical = json!({ "alg": "EdDSA", "typ": "at+jwt", "crit": ["exp"] });
        assert_eq!(
            verify(&assembled(critical, &token), &public),
            Err(Fault::Malformed)
        );
        let bare = token.rsplit_once('.').unwrap().0;
        assert_eq!(
            verify(&format!("{bare}."), &public),
            Err(Fault::Signature),
            "without a signature"
        );
        assert_eq!(verify("a.b", &public), Err(Fault::Malformed));
        let long = "a".repeat(MAX_BYTES + 1);
        assert_eq!(verify(&long, &public), Err(Fault::Malformed));
    }

    #[test]
    fn times_issuer_and_audience_are_checked_each() {
        let good =
            |aud: Value, exp: Value| json!({ "iss": "i", "aud": aud, "exp": exp, "iat": 1_000 });
        let read = |value: Value| serde_json::from_value::<Registered>(value);
        let one = read(good(json!("a/"), json!(1_600))).unwrap();
        assert_eq!(one.check("i", &["a"], 1_100), Ok(()));
        assert_eq!(one.check("j", &["a"], 1_100), Err(Fault::Issuer));
        assert_eq!(one.check("i", &["b"], 1_100), Err(Fault::Audience));
        assert_eq!(one.check("i", &["a"], 1_630), Err(Fault::Expired));
        assert_eq!(one.check("i", &["a"], 960), Err(Fault::NotYet));
        let several = read(good(json!(["x", "b"]), json!(1_600))).unwrap();
        assert_eq!(several.check("i", &["a", "b"], 1_100), Ok(()));
        assert!(
            read(good(json!("a"), json!("1600"))).is_err(),
            "a time is a number"
        );
        assert!(
            read(json!({ "iss": "i", "aud": "a", "iat": 1 })).is_err(),
            "it ends"
        );
    }

    #[test]
    fn a_key_of_another_use_or_algorithm_verifies_nothing() {
        let read = |value: Value| serde_json::from_value::<Jwk>(value).unwrap().public_key();
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let good = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig" });
        assert_eq!(read(good).unwrap().algorithm(), "EdDSA");
        for wrong in [
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "HS256" }),
            json!({ "kty": "oct", "k": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x }),
        ] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
    }
}
