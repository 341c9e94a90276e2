//! Who may come in: users, one-time links, sessions and tokens.
//!
//! Secrets are kept as SHA-256 of 256 random bits: nothing to guess, nothing to steal.
//! Passwords are kept as Argon2 strings, made by the caller.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};
use seawall_core::{Timestamp, TokenId, UserId};

use crate::case::read_id;
use crate::{Reader, StoreError, Tx};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, including users, tokens and banks.
    Admin,
    /// Look at cases and decide them.
    Reviewer,
    /// Read figures and the audit log; never a picture.
    Auditor,
}

/// A text that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading a role: expected admin, reviewer or auditor")]
pub struct RoleError;

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Reviewer, Self::Auditor];

    /// The name used in interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Reviewer => "reviewer",
            Self::Auditor => "auditor",
        }
    }

    /// Whether this role works on cases.
    #[must_use]
    pub fn reviews(self) -> bool {
        match self {
            Self::Admin | Self::Reviewer => true,
            Self::Auditor => false,
        }
    }
}

impl std::str::FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(RoleError)
    }
}

/// What a program may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Scan uploads, which may open cases.
    Scan,
    /// Read banks and their contents.
    BanksRead,
    /// Make, change and delete banks and contents.
    BanksWrite,
    /// Read what partners list with its hashes, beside reading banks; each time is an event.
    BanksExport,
    /// Read cases, their matches, decisions and receipts; never a picture.
    CasesRead,
    /// Read figures and the audit log's state.
    FiguresRead,
    /// Hold hashes against the seen index.
    SeenRead,
    /// Take items out of the seen index.
    SeenWrite,
    /// Hash files, as a client of HMA.
    Hasher,
    /// Look signals up, as a client of HMA.
    Matcher,
    /// Read and change banks, as a client of HMA.
    Curator,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 11] = [
        Self::Scan,
        Self::BanksRead,
        Self::BanksWrite,
        Self::BanksExport,
        Self::CasesRead,
        Self::FiguresRead,
        Self::SeenRead,
        Self::SeenWrite,
        Self::Hasher,
        Self::Matcher,
        Self::Curator,
    ];

    /// The name used in interfaces and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::BanksRead => "banks.read",
            Self::BanksWrite => "banks.write",
            Self::BanksExport => "banks.export",
            Self::CasesRead => "cases.read",
            Self::FiguresRead => "figures.read",
            Self::SeenRead => "seen.read",
            Self::SeenWrite => "seen.write",
            Self::Hasher => "hasher",
            Self::Matcher => "matcher",
            Self::Curator => "curator",
        }
    }

    /// The scope with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id, by which events know the person.
    pub id: UserId,
    /// The name to sign in with.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The Argon2 string; `None` until a first password is set.
    pub password_hash: Option<String>,
    /// Whether the person may sign in.
    pub enabled: bool,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id.
    pub id: UserId,
    /// The name to sign in with.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// A one-time sign-in link.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// Whom it signs in.
    pub user: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A person's session.
#[derive(Clone, Debug)]
pub struct Session {
    /// SHA-256 of the cookie's secret.
    pub secret_hash: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// What each form of this session must carry.
    pub csrf: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A program's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id, by which events know the program.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when, where it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    fn is_valid_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// Until when, where it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Reader<'_> {
    /// The user with this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>, StoreError> {
        Ok(self.users_where("WHERE name = ?1", [name])?.pop())
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.users_where("WHERE id = ?1", [id.to_string()])?.pop())
    }

    /// Every user, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        self.users_where("ORDER BY name", [])
    }

    /// The session with this secret, if it has not ended, and its user, if enabled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn session(
        &self,
        secret_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT user_id, csrf, expires_ms FROM sessions WHERE secret_hash = ?1 AND expires_ms > ?2",
        )?;
        let row = statement
            .query_row((secret_hash, now.as_millis()), |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((user, csrf, expires_ms)) = row else {
            return Ok(None);
        };
        let user_id = read_id(&user, "sessions.user_id")?;
        let session = Session {
            secret_hash: *secret_hash,
            user: user_id,
            csrf,
            expires_at: Timestamp::from_millis(expires_ms),
        };
        Ok(self
            .user(user_id)?
            .filter(|user| user.enabled)
            .map(|user| (session, user)))
    }

    /// The user of a link that has been neither used nor ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn link(&self, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<User>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT user_id FROM links WHERE secret_hash = ?1 AND expires_ms > ?2 AND used_ms IS NULL",
        )?;
        let id: Option<String> = statement
            .query_row((secret_hash, now.as_millis()), |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(None) };
        Ok(self
            .user(read_id(&id, "links.user_id")?)?
            .filter(|user| user.enabled))
    }

    /// The token with this secret, if it is neither revoked nor ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn token_by_secret(
        &self,
        secret_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Token>, StoreError> {
        let tokens = self.tokens_where("WHERE secret_hash = ?1", [&secret_hash[..]])?;
        Ok(tokens.into_iter().find(|token| token.is_valid_at(now)))
    }

    /// The token with this id, if it is neither revoked nor ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn token(&self, id: TokenId, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let tokens = self.tokens_where("WHERE id = ?1", [id.to_string()])?;
        Ok(tokens.into_iter().find(|token| token.is_valid_at(now)))
    }

    /// Every token, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.tokens_where("ORDER BY name, id", [])
    }

    fn users_where(
        &self,
        rest: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<User>, StoreError> {
        let sql = format!("SELECT id, name, role, password_hash, enabled FROM users {rest}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, |row| Ok(read_user(row)))?;
        rows.map(|row| row?).collect()
    }

    fn tokens_where(
        &self,
        rest: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<Token>, StoreError> {
        let sql = format!(
            "SELECT id, name, scopes, created_ms, expires_ms, revoked_ms FROM tokens {rest}"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, |row| Ok(read_token(row)))?;
        rows.map(|row| row?).collect()
    }
}

impl Tx<'_> {
    /// Makes a user. A taken name is an error for which [`StoreError::is_duplicate`] holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_user(&self, user: &NewUser) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO users (id, name, role, enabled, created_ms) VALUES (?1, ?2, ?3, 1, ?4)",
            (
                user.id.to_string(),
                &user.name,
                user.role.name(),
                self.at.as_millis(),
            ),
        )?;
        Ok(())
    }

    /// Sets a user's password, as an Argon2 string, and ends the user's sessions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_password(&self, user: UserId, password_hash: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE users SET password_hash = ?2 WHERE id = ?1",
            (user.to_string(), password_hash),
        )?;
        self.end_sessions(user)
    }

    /// Lets a user sign in or not; where not, the user's sessions end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_user_enabled(&self, user: UserId, enabled: bool) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE users SET enabled = ?2 WHERE id = ?1",
            (user.to_string(), enabled),
        )?;
        if enabled {
            Ok(())
        } else {
            self.end_sessions(user)
        }
    }

    /// Makes a one-time link; older unused links of the user end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_link(&self, link: &Link) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM links WHERE user_id = ?1",
            [link.user.to_string()],
        )?;
        self.connection.execute(
            "INSERT INTO links (secret_hash, user_id, expires_ms) VALUES (?1, ?2, ?3)",
            (
                link.secret_hash,
                link.user.to_string(),
                link.expires_at.as_millis(),
            ),
        )?;
        Ok(())
    }

    /// Marks a link as used; `false` where somebody was first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn use_link(&self, secret_hash: &[u8; 32]) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE links SET used_ms = ?2 WHERE secret_hash = ?1 AND used_ms IS NULL",
            (secret_hash, self.at.as_millis()),
        )?;
        Ok(changed > 0)
    }

    /// Opens a session, and forgets those that have ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM sessions WHERE expires_ms <= ?1",
            [self.at.as_millis()],
        )?;
        self.connection.execute(
            "INSERT INTO sessions (secret_hash, user_id, csrf, opened_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                session.secret_hash,
                session.user.to_string(),
                &session.csrf,
                self.at.as_millis(),
                session.expires_at.as_millis(),
            ),
        )?;
        Ok(())
    }

    /// Ends one session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_session(&self, secret_hash: &[u8; 32]) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM sessions WHERE secret_hash = ?1", [secret_hash])?;
        Ok(())
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_token(&self, token: &NewToken) -> Result<(), StoreError> {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
        self.connection.execute(
            "INSERT INTO tokens (id, name, secret_hash, scopes, created_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                token.id.to_string(),
                &token.name,
                token.secret_hash,
                scopes.join(" "),
                self.at.as_millis(),
                token.expires_at.map(Timestamp::as_millis),
            ),
        )?;
        Ok(())
    }

    /// Revokes a token; `false` where there is none or it was revoked before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke_token(&self, id: TokenId) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE tokens SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL",
            (id.to_string(), self.at.as_millis()),
        )?;
        Ok(changed > 0)
    }

    fn end_sessions(&self, user: UserId) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM sessions WHERE user_id = ?1",
            [user.to_string()],
        )?;
        Ok(())
    }
}

fn read_user(row: &Row<'_>) -> Result<User, StoreError> {
    let role: String = row.get(2)?;
    Ok(User {
        id: read_id(&row.get::<_, String>(0)?, "users.id")?,
        name: row.get(1)?,
        role: role.parse().map_err(|_| StoreError::Value {
            place: "users.role",
        })?,
        password_hash: row.get(3)?,
        enabled: row.get(4)?,
    })
}

fn read_token(row: &Row<'_>) -> Result<Token, StoreError> {
    let scopes: String = row.get(2)?;
    let scope = |name| {
        Scope::from_name(name).ok_or(StoreError::Value {
            place: "tokens.scopes",
        })
    };
    let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
    Ok(Token {
        id: read_id(&row.get::<_, String>(0)?, "tokens.id")?,
        name: row.get(1)?,
        scopes: scopes
            .split_whitespace()
            .map(scope)
            .collect::<Result<_, _>>()?,
        created_at: Timestamp::from_millis(row.get(3)?),
        expires_at: time(row.get(4)?),
        revoked_at: time(row.get(5)?),
    })
}
