//! `tertulia user` and `tertulia token`.

use std::io::Read;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use tertulia::config::Config;
use tertulia::domain::{Role, time};
use tertulia::store::accounts::{self, NewAccount};
use tertulia::store::{Connection, StoreError};
use tertulia::web::entry::keys::{digest, random_token};
use tertulia::web::entry::login::{MIN_PASSWORD, hash};

use super::database::{now, open};

/// Accounts.
#[derive(Subcommand)]
pub enum User {
    /// Make an account; prints `{"id", "email", "role", "token"}`.
    #[command(
        after_help = "Example: echo -n 'a long password' | tertulia user create --email ana@example.org --role operator --password-stdin"
    )]
    Create(Create),
    /// List all accounts, as a JSON array.
    List,
    /// Set a password, read from standard input, and end everything the old one had opened.
    Password {
        /// The account's id.
        user: i64,
    },
    /// Lock an account out, and close its connections.
    Disable {
        /// The account's id.
        user: i64,
    },
    /// Let an account in again.
    Enable {
        /// The account's id.
        user: i64,
    },
}

/// An account about to be made.
#[derive(Args)]
pub struct Create {
    /// The e-mail address, which nobody else may have.
    #[arg(long)]
    email: String,
    /// First name.
    #[arg(long, default_value = "")]
    first_name: String,
    /// Last name.
    #[arg(long, default_value = "")]
    last_name: String,
    /// What the account may do in the house.
    #[arg(long, value_enum, default_value = "member")]
    role: RoleName,
    /// Read a password from standard input, at least 10 characters; operators sign in with it.
    #[arg(long)]
    password_stdin: bool,
    /// Make an API token too, and print it.
    #[arg(long)]
    token: bool,
}

/// Roles that the command line makes.
#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Runs the house.
    Superuser,
    /// Works at the desk.
    Operator,
    /// A user of the product.
    Member,
    /// A program.
    Bot,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Superuser => Role::Superuser,
            RoleName::Operator => Role::Operator,
            RoleName::Member => Role::Member,
            RoleName::Bot => Role::Bot,
        }
    }
}

/// API tokens.
#[derive(Subcommand)]
pub enum Token {
    /// Make a token; prints `{"token", "expires"}`. It is shown this once.
    Create {
        /// The account's id.
        #[arg(long)]
        user: i64,
        /// How long it is good, e.g. 30d or 12h; without it, until it is revoked.
        #[arg(long)]
        expires: Option<String>,
        /// What it is for.
        #[arg(long, default_value = "")]
        label: String,
    },
    /// List an account's tokens, as a JSON array; never the tokens themselves.
    List {
        /// The account's id.
        #[arg(long)]
        user: i64,
    },
    /// Revoke a token, and close what it opened.
    Revoke {
        /// The token's number, from `token list`.
        id: i64,
    },
}

/// Prints a JSON array, one item a line.
fn print_list(items: impl Iterator<Item = Value>) {
    let lines: Vec<String> = items.map(|item| item.to_string()).collect();
    println!("[{}]", lines.join(",\n "));
}

/// Runs `change` in one transaction that waits for the server's.
fn write<T>(
    connection: &mut Connection,
    change: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.immediate_transaction(change)
}

fn password_from_stdin() -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut password).context("cannot read the password")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    if password.chars().count() < MIN_PASSWORD {
        bail!("the password is too short: write at least {MIN_PASSWORD} characters");
    }
    Ok(password)
}

/// An account of that id that does not exist is said so in words.
fn explain(user: i64) -> impl Fn(StoreError) -> anyhow::Error {
    move |error| match error {
        StoreError::Missing => anyhow::anyhow!("there is no account {user}; `tertulia user list` shows them all"),
        other => other.into(),
    }
}

/// `tertulia user …`
pub fn user(config: &Config, command: User) -> anyhow::Result<()> {
    let mut connection = open(config)?;
    match command {
        User::Create(create) => println!("{}", create_user(&mut connection, create)?),
        User::List => {
            let all = accounts::list(&mut connection, 0, i64::MAX)?;
            print_list(all.into_iter().map(|account| {
                json!({"id": account.id, "email": account.email, "role": account.role.as_str(),
                       "first_name": account.first_name, "last_name": account.last_name})
            }));
        }
        User::Password { user } => {
            let hash = hash(&password_from_stdin()?)?;
            write(&mut connection, |connection| accounts::set_password(connection, user, &hash, now()))
                .map_err(explain(user))?;
            println!("{}", json!({"id": user, "password": "set"}));
        }
        User::Disable { user } => set_disabled(&mut connection, user, true)?,
        User::Enable { user } => set_disabled(&mut connection, user, false)?,
    }
    Ok(())
}

fn set_disabled(connection: &mut Connection, user: i64, disabled: bool) -> anyhow::Result<()> {
    write(connection, |connection| accounts::set_disabled(connection, user, disabled, now())).map_err(explain(user))?;
    println!("{}", json!({"id": user, "disabled": disabled}));
    Ok(())
}

fn create_user(connection: &mut Connection, create: Create) -> anyhow::Result<Value> {
    let Create { email, first_name, last_name, role, password_stdin, token } = create;
    let email = email.trim().to_lowercase();
    if !email.contains('@') {
        bail!("\"{email}\" is no e-mail address");
    }
    let password_hash = if password_stdin { Some(hash(&password_from_stdin()?)?) } else { None };
    let role = Role::from(role);
    let new = NewAccount {
        email: Some(email.clone()),
        first_name,
        last_name,
        role,
        avatar: None,
        password_hash,
        external_id: None,
        language: None,
    };
    let secret = token.then(|| random_token("tt_"));
    let account = write(connection, |connection| {
        let account = accounts::create(connection, &new, now())?;
        if let Some(secret) = &secret {
            accounts::create_token(connection, account.id, &digest(secret), "command line", None, now())?;
        }
        Ok(account)
    });
    let account = account.map_err(|error| match error {
        StoreError::Conflict(_) => anyhow::anyhow!("{email} has an account already"),
        other => other.into(),
    })?;
    Ok(json!({"id": account.id, "email": email, "role": role.as_str(), "token": secret}))
}

/// Microseconds of a span such as 30d.
fn span(text: &str) -> anyhow::Result<i64> {
    let span = tertulia::config::span(text).map_err(|advice| anyhow::anyhow!("--expires {text}: {advice}"))?;
    Ok(i64::try_from(span.as_micros())?)
}

/// `tertulia token …`
pub fn token(config: &Config, command: Token) -> anyhow::Result<()> {
    let mut connection = open(config)?;
    match command {
        Token::Create { user, expires, label } => {
            let secret = random_token("tt_");
            let expires = expires.as_deref().map(span).transpose()?.map(|span| now().saturating_add(span));
            write(&mut connection, |connection| {
                accounts::create_token(connection, user, &digest(&secret), &label, expires, now())
            })
            .map_err(explain(user))?;
            println!("{}", json!({"token": secret, "expires": expires.map(time::format)}));
        }
        Token::List { user } => {
            let all = accounts::tokens(&mut connection, user)?;
            print_list(all.into_iter().map(|token| {
                json!({"id": token.id, "user": token.account, "label": token.label,
                       "created": time::format(token.created), "expires": token.expires.map(time::format)})
            }));
        }
        Token::Revoke { id } => {
            let revoked = write(&mut connection, |connection| accounts::revoke_token(connection, id, now()));
            revoked.map_err(|error| match error {
                StoreError::Missing => anyhow::anyhow!("there is no token {id}; `tertulia token list` shows them"),
                other => other.into(),
            })?;
            println!("{}", json!({"id": id, "revoked": true}));
        }
    }
    Ok(())
}
