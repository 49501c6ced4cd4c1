//! Passwords: what one must be, and its hash by Argon2id. Hashing is costly on purpose, so only one is computed at a time,
//! and beyond a short queue callers are sent away: a flood of log-ins must not starve the commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The shortest and the longest password, in characters and in bytes.
pub const MIN_CHARS: usize = 12;
pub const MAX_BYTES: usize = 256;
/// Hashes computed at once: each takes 19 MiB and a core for some thirty milliseconds.
const AT_ONCE: usize = 1;
/// How many may wait for their turn.
pub const MAX_WAITING: usize = 20;
/// What an unknown address is checked against, so that it takes as long as a known one. Nobody's password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IQ$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Words that are tried first, and what people add to them to make them long.
const GUESSED: &[&str] = &[
    "password",
    "passwort",
    "letmein",
    "qwertyuiop",
    "123456789012",
    "administrator",
    "iloveyou",
    "welcome",
    "changeme",
    "rapport",
];

/// A password in the clear; it is wiped from memory when it goes, and never prints.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// As somebody typed it, for comparing. Refused with 422 `password-too-long`.
    pub fn typed(text: String) -> std::result::Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            let message = format!("a password has at most {MAX_BYTES} bytes");
            return Err(Refusal::field("/password", "password-too-long", message));
        }
        Ok(Self(Zeroizing::new(text)))
    }

    /// One that somebody chooses at `pointer`, knowing their own e-mail address. Refused with 422 by field:
    /// `password-too-short`, `password-too-long`, `password-guessable`.
    pub fn chosen(text: String, email: &str, pointer: &str) -> std::result::Result<Self, Refusal> {
        let text = Zeroizing::new(text);
        if text.chars().count() < MIN_CHARS {
            let message = format!("a password has at least {MIN_CHARS} characters");
            return Err(Refusal::field(pointer, "password-too-short", message));
        }
        if text.len() > MAX_BYTES {
            let message = format!("a password has at most {MAX_BYTES} bytes");
            return Err(Refusal::field(pointer, "password-too-long", message));
        }
        if is_guessable(&text, email) {
            let message =
                "this is among what is guessed first; take several words, or let a program choose";
            return Err(Refusal::field(pointer, "password-guessable", message));
        }
        Ok(Self(text))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[password]")
    }
}

/// A word that is tried first, or one's own address, with hardly anything around it; or hardly any different characters.
fn is_guessable(text: &str, email: &str) -> bool {
    let text = text.to_lowercase();
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let name = email.split('@').next().unwrap_or_default();
    let names = [name, email].into_iter().filter(|word| word.len() >= 3);
    let rest = |word: &str| {
        text.replace(word, "")
            .chars()
            .filter(|letter| letter.is_alphabetic())
            .count()
    };
    letters.len() < 5
        || GUESSED
            .iter()
            .copied()
            .chain(names)
            .any(|word| text.contains(word) && rest(word) < 4)
}

/// Computes hashes, one at a time; one a process.
pub struct Passwords {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// Gives its place in the queue back, however the waiting ends.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::default(),
        }
    }
}

impl Passwords {
    /// The hash to store, with its parameters and salt (PHC string format). Refused with 429 `sign-in-busy`.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.clone();
        self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.0.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| {
                Error::internal(format!("a password could not be hashed: {error}"))
            })
        })
        .await?
    }

    /// Whether the password has this hash; without one it takes as long and is wrong. Refused with 429 `sign-in-busy`.
    pub async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<bool> {
        let password = password.clone();
        let (is_known, hash) = (hash.is_some(), hash.unwrap_or(NOBODYS).to_owned());
        self.in_turn(move || {
            let parsed = PasswordHash::new(&hash).map_err(|error| {
                Error::internal(format!("a stored hash cannot be read: {error}"))
            })?;
            let fits = Argon2::default()
                .verify_password(password.0.as_bytes(), &parsed)
                .is_ok();
            Ok(is_known && fits)
        })
        .await?
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.waiting.clone());
        if before >= MAX_WAITING + AT_ONCE {
            let detail = "too many people sign in at this moment; try again in a few seconds";
            return Err(Refusal::new(Kind::TooMany, "sign-in-busy", detail).into());
        }
        let slot = self.slots.clone().acquire_owned().await;
        // Whoever goes away while it is computed must not let another one begin beside it.
        let computed = tokio::task::spawn_blocking(move || {
            let _held = (slot, place);
            work()
        });
        computed
            .await
            .map_err(|error| Error::internal(format!("a hash was not computed: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "quiet-otter-42-stairs";

    fn code(text: &str) -> Option<String> {
        let refusal = Password::chosen(text.to_owned(), "ada@example.org", "/password").err()?;
        Some(refusal.errors[0].code.clone())
    }

    #[test]
    fn what_is_short_or_guessed_first_is_refused() {
        for (text, why) in [
            ("short", "password-too-short"),
            ("password1234", "password-guessable"),
            ("Password!2026", "password-guessable"),
            ("ada@example.org", "password-guessable"),
            ("aaaaaaaaaaaaaa", "password-guessable"),
        ] {
            assert_eq!(code(text).as_deref(), Some(why), "{text}");
        }
        assert_eq!(
            code(&"long ".repeat(60)).as_deref(),
            Some("password-too-long")
        );
        assert_eq!(code(GOOD), None);
        assert_eq!(code("pässwörter sind länger"), None);
    }

    #[tokio::test]
    async fn a_hash_fits_its_own_password_alone() {
        let passwords = Passwords::default();
        let good = Password::typed(GOOD.to_owned()).unwrap();
        let hash = passwords.hash(&good).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !hash.contains(GOOD));
        assert!(passwords.verify(&good, Some(&hash)).await.unwrap());
        let wrong = Password::typed("quiet-otter-43-stairs".to_owned()).unwrap();
        assert!(!passwords.verify(&wrong, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&good, None).await.unwrap());
    }

    #[tokio::test]
    async fn beyond_the_queue_callers_are_sent_away() {
        let passwords = Passwords::default();
        let good = Password::typed(GOOD.to_owned()).unwrap();
        let all = (0..MAX_WAITING + 5).map(|_| passwords.verify(&good, None));
        let turned_away = futures_util::future::join_all(all)
            .await
            .iter()
            .filter(|outcome| matches!(outcome, Err(Error::Refused(refusal)) if refusal.code == "sign-in-busy"))
            .count();
        assert_eq!(turned_away, 5 - AT_ONCE);
        assert_eq!(passwords.waiting.load(Ordering::Acquire), 0);
    }
}
