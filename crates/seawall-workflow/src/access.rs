//! Who may come in: users, one-time links, sessions, tokens.
//!
//! A secret is 256 random bits; only its SHA-256 is kept. A password is kept as Argon2id
//! (the library's own parameters). A sign-in that fails takes as long as one that succeeds
//! and says no more than that it failed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seawall_casework::audit::EventDraft;
use seawall_core::{Actor, EventKind, Random, Timestamp, TokenId, UserId};
use seawall_store::{
    Change, Link, NewToken, NewUser, Role, Scope, Session, StoreError, Token, User,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Workflow, WorkflowError};

/// A secret as it is handed out, once. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// 256 random bits, in 43 URL-safe characters.
    fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random.fill(&mut *bytes);
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
    }

    /// The text, to be handed to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// A session that was just opened.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What the cookie holds.
    pub secret: Secret,
    /// Whose it is.
    pub user: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why somebody did not come in, or was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// Unknown name, wrong password, or an account that is switched off.
    #[error("signing in: name or password is wrong")]
    Refused,
    /// Too many failures for this name.
    #[error("signing in: too many failures, wait a quarter of an hour")]
    TooMany,
    /// The link was used before, has ended, or never existed.
    #[error("signing in: this link has been used or has ended; ask for a new one")]
    LinkEnded,
    /// The password is too short or too long.
    #[error("setting a password: use 12 to 256 characters")]
    PasswordLength,
    /// The user's name is not one.
    #[error(
        "making a user: a name is 1 to 64 characters: letters, digits, dot, dash, underscore, @"
    )]
    Name,
    /// The name is taken.
    #[error("making a user: this name is taken")]
    NameTaken,
    /// There is no such user.
    #[error("finding a user: there is none of this name")]
    NoUser,
    /// There is no such token, or it was revoked before.
    #[error("revoking a token: there is none with this id that is still valid")]
    NoToken,
    /// Nobody's input.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        Self::Workflow(error.into())
    }
}

/// Failures by name, so that guessing is slow. Forgotten with the process.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<[u8; 32], Vec<Timestamp>>>);

impl Attempts {
    fn is_blocked(&self, name: &str, now: Timestamp) -> bool {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, times| {
            times.retain(|time| now.millis_since(*time) < ATTEMPT_WINDOW_MS);
            !times.is_empty()
        });
        failures
            .get(&hash_secret(name))
            .is_some_and(|times| times.len() >= ATTEMPTS_MAX)
    }

    fn record(&self, name: &str, now: Timestamp) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.entry(hash_secret(name)).or_default().push(now);
    }
}

/// Tokens that were found valid a moment ago, by the hash of their secret: whoever asks often
/// does not wait for the database each time. Forgotten when anything about tokens may have
/// changed, and after a second whatever happens.
#[derive(Default)]
pub(crate) struct KnownTokens(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    /// Rises when everything is forgotten: what was read before that is not remembered after.
    times_forgotten: u64,
    tokens: HashMap<[u8; 32], (Arc<Token>, Timestamp)>,
}

impl KnownTokens {
    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, secret: &[u8; 32], now: Timestamp) -> Option<Arc<Token>> {
        let remembered = self.lock();
        let (token, read_at) = remembered.tokens.get(secret)?;
        // A clock that was set back makes old what is new, never the other way round.
        let is_fresh = (0..REMEMBERED_MS).contains(&now.millis_since(*read_at));
        let is_valid = token.expires_at.is_none_or(|end| now < end);
        (is_fresh && is_valid).then(|| Arc::clone(token))
    }

    fn remember(&self, secret: [u8; 32], token: &Arc<Token>, now: Timestamp, since: u64) {
        let mut remembered = self.lock();
        if remembered.times_forgotten != since {
            return;
        }
        if remembered.tokens.len() >= REMEMBERED_MAX {
            remembered.tokens.clear();
        }
        remembered.tokens.insert(secret, (Arc::clone(token), now));
    }

    pub(crate) fn forget(&self) {
        let mut remembered = self.lock();
        remembered.times_forgotten += 1;
        remembered.tokens.clear();
    }
}

impl Workflow {
    /// Makes a user and the one-time link by which the person sets a password.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn create_user(&self, name: &str, role: Role, actor: Actor) -> Result<Secret, AccessError> {
        let allowed = |c: char| c.is_alphanumeric() || ".-_@".contains(c);
        if !(1..=64).contains(&name.chars().count()) || !name.chars().all(allowed) {
            return Err(AccessError::Name);
        }
        let now = self.clock.now();
        let id = UserId::new(now, &*self.random);
        let secret = Secret::generate(&*self.random);
        let written = self.store.write(now, |tx| {
            tx.insert_user(&NewUser {
                id,
                name: name.to_owned(),
                role,
            })?;
            tx.insert_link(&first_link(id, &secret, now))?;
            Ok::<_, StoreError>(
                Change::new(())
                    .event(
                        EventDraft::new(EventKind::UserCreated, actor)
                            .about(id)
                            .with("role", role.name()),
                    )
                    .event(EventDraft::new(EventKind::LinkIssued, actor).about(id)),
            )
        });
        match written {
            Err(error) if error.is_duplicate() => Err(AccessError::NameTaken),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(secret),
        }
    }

    /// Makes a new one-time link for a user: a forgotten password, a lost link.
    ///
    /// # Errors
    /// [`AccessError::NoUser`].
    pub fn issue_link(&self, name: &str, actor: Actor) -> Result<Secret, AccessError> {
        let now = self.clock.now();
        let secret = Secret::generate(&*self.random);
        self.store.write(now, |tx| {
            let user = tx.user_by_name(name)?.ok_or(AccessError::NoUser)?;
            tx.insert_link(&first_link(user.id, &secret, now))?;
            Ok(Change::new(secret.clone())
                .event(EventDraft::new(EventKind::LinkIssued, actor).about(user.id)))
        })
    }

    /// Lets a user sign in or not.
    ///
    /// # Errors
    /// [`AccessError::NoUser`].
    pub fn enable_user(&self, name: &str, enabled: bool, actor: Actor) -> Result<(), AccessError> {
        self.store.write(self.clock.now(), |tx| {
            let user = tx.user_by_name(name)?.ok_or(AccessError::NoUser)?;
            tx.set_user_enabled(user.id, enabled)?;
            let event = EventDraft::new(EventKind::UserChanged, actor).about(user.id);
            Ok(Change::new(()).event(event.with("enabled", enabled)))
        })
    }

    /// The user whom a link would sign in.
    ///
    /// # Errors
    /// [`AccessError::LinkEnded`].
    pub fn link_user(&self, secret: &str) -> Result<User, AccessError> {
        let now = self.clock.now();
        let user = self
            .store
            .read(|reader| reader.link(&hash_secret(secret), now))?;
        user.ok_or(AccessError::LinkEnded)
    }

    /// Uses a one-time link: sets the password and signs in.
    ///
    /// # Errors
    /// [`AccessError`]; the link stays unused where the password is refused.
    pub fn use_link(&self, secret: &str, password: &str) -> Result<SignedIn, AccessError> {
        let password_hash = hash_password(password)?;
        let (now, link) = (self.clock.now(), hash_secret(secret));
        self.store.write(now, |tx| {
            let user = tx.link(&link, now)?.ok_or(AccessError::LinkEnded)?;
            if !tx.use_link(&link)? {
                return Err(AccessError::LinkEnded);
            }
            tx.set_password(user.id, &password_hash)?;
            let (session, signed_in) = self.new_session(&user, now);
            tx.insert_session(&session)?;
            let actor = Actor::User(user.id);
            Ok(Change::new(signed_in)
                .event(
                    EventDraft::new(EventKind::UserChanged, actor)
                        .about(user.id)
                        .with("password", true),
                )
                .event(EventDraft::new(EventKind::SessionOpened, actor).about(user.id)))
        })
    }

    /// Signs in with name and password.
    ///
    /// # Errors
    /// [`AccessError::Refused`] or [`AccessError::TooMany`].
    pub fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, AccessError> {
        let now = self.clock.now();
        if self.attempts.is_blocked(name, now) {
            return Err(AccessError::TooMany);
        }
        let user = self.store.read(|reader| reader.user_by_name(name))?;
        let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let is_right = verify_password(password, stored.unwrap_or(NOBODY))? && stored.is_some();
        let Some(user) = user.filter(|user| is_right && user.enabled) else {
            self.attempts.record(name, now);
            let event = EventDraft::new(EventKind::SignInRefused, Actor::System);
            self.store
                .write(now, |_| Ok::<_, StoreError>(Change::new(()).event(event)))?;
            return Err(AccessError::Refused);
        };
        self.store.write(now, |tx| {
            let (session, signed_in) = self.new_session(&user, now);
            tx.insert_session(&session)?;
            let event =
                EventDraft::new(EventKind::SessionOpened, Actor::User(user.id)).about(user.id);
            Ok(Change::new(signed_in).event(event))
        })
    }

    /// The session with this cookie and its user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn session(&self, secret: &str) -> Result<Option<(Session, User)>, StoreError> {
        let now = self.clock.now();
        self.store
            .read(|reader| reader.session(&hash_secret(secret), now))
    }

    /// Signs out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sign_out(&self, session: &Session) -> Result<(), StoreError> {
        self.store.write(self.clock.now(), |tx| {
            tx.delete_session(&session.secret_hash)?;
            let actor = Actor::User(session.user);
            let event = EventDraft::new(EventKind::SessionClosed, actor).about(session.user);
            Ok(Change::new(()).event(event))
        })
    }

    /// Makes a bearer token. The secret is shown this once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create_token(
        &self,
        name: &str,
        scopes: BTreeSet<Scope>,
        expires_at: Option<Timestamp>,
        actor: Actor,
    ) -> Result<(TokenId, Secret), StoreError> {
        let now = self.clock.now();
        let id = TokenId::new(now, &*self.random);
        let secret = Secret::generate(&*self.random);
        let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        let event = EventDraft::new(EventKind::TokenCreated, actor)
            .about(id)
            .with("scopes", names);
        let token = NewToken {
            id,
            name: name.to_owned(),
            secret_hash: hash_secret(secret.expose()),
            scopes,
            expires_at,
        };
        self.store.write(now, |tx| {
            tx.insert_token(&token)?;
            Ok(Change::new((id, secret.clone())).event(event))
        })
    }

    /// Revokes a bearer token. It stops working at once.
    ///
    /// # Errors
    /// [`AccessError::NoToken`].
    pub fn revoke_token(&self, id: TokenId, actor: Actor) -> Result<(), AccessError> {
        self.store.write(self.clock.now(), |tx| {
            if !tx.revoke_token(id)? {
                return Err(AccessError::NoToken);
            }
            let event = EventDraft::new(EventKind::TokenRevoked, actor).about(id);
            Ok(Change::new(()).event(event))
        })?;
        self.known_tokens.forget();
        Ok(())
    }

    /// The token with this secret, where it was found valid a moment ago and nothing that may
    /// have changed it happened since. Does not look into the database, so it never blocks.
    #[must_use]
    pub fn known_token(&self, secret: &str) -> Option<Arc<Token>> {
        self.known_tokens
            .find(&hash_secret(secret), self.clock.now())
    }

    /// The token with this secret, if it is valid now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn token(&self, secret: &str) -> Result<Option<Arc<Token>>, StoreError> {
        let (now, secret) = (self.clock.now(), hash_secret(secret));
        let since = self.known_tokens.lock().times_forgotten;
        let token = self
            .store
            .read(|reader| reader.token_by_secret(&secret, now))?;
        let token = token.map(Arc::new);
        if let Some(token) = &token {
            self.known_tokens.remember(secret, token, now, since);
        }
        Ok(token)
    }

    /// Whether this token is valid now. The database is asked: it may have been revoked by
    /// another process.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_token_valid(&self, id: TokenId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let token = self.store.read(|reader| reader.token(id, now))?;
        Ok(token.is_some())
    }

    fn new_session(&self, user: &User, now: Timestamp) -> (Session, SignedIn) {
        let secret = Secret::generate(&*self.random);
        let expires_at = now.plus_millis(SESSION_MS);
        let session = Session {
            secret_hash: hash_secret(secret.expose()),
            user: user.id,
            csrf: Secret::generate(&*self.random).expose().to_owned(),
            expires_at,
        };
        (
            session,
            SignedIn {
                secret,
                user: user.id,
                expires_at,
            },
        )
    }
}

fn first_link(user: UserId, secret: &Secret, now: Timestamp) -> Link {
    Link {
        secret_hash: hash_secret(secret.expose()),
        user,
        expires_at: now.plus_millis(LINK_MS),
    }
}

fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn hash_password(password: &str) -> Result<String, AccessError> {
    if !(12..=256).contains(&password.chars().count()) {
        return Err(AccessError::PasswordLength);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|_| WorkflowError::Password)?.to_string())
}

fn verify_password(password: &str, stored: &str) -> Result<bool, WorkflowError> {
    let stored = argon2::PasswordHash::new(stored).map_err(|_| WorkflowError::Password)?;
    Ok(Argon2::default()
        .verify_password(password.as_bytes(), &stored)
        .is_ok())
}

/// The hash of no password: verifying against it takes the usual time and always fails.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2Vhd2FsbC1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const SESSION_MS: i64 = 8 * 3_600_000;
const LINK_MS: i64 = 24 * 3_600_000;
/// So long a token that was revoked behind this process's back works at most.
const REMEMBERED_MS: i64 = 1_000;
const REMEMBERED_MAX: usize = 1_024;
const ATTEMPTS_MAX: usize = 10;
const ATTEMPT_WINDOW_MS: i64 = 15 * 60_000;
