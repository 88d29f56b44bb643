//! Who may speak at all: accounts and their roles.

use serde::{Deserialize, Serialize};

use super::AccountId;

/// What an account is in the house. Rights inside a thread are the seat's, not the role's; roles open doors
/// (desk, administration) and decide which message types one may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the house: may watch any thread and use the administration's doors.
    Superuser,
    /// Works at the desk.
    Operator,
    /// A signed-in user of the embedding product.
    Member,
    /// Somebody on a web page, known by a visitor token only.
    Visitor,
    /// A program.
    Bot,
}

impl Role {
    /// Every role, in the order of their reach.
    pub const ALL: [Role; 5] = [Role::Superuser, Role::Operator, Role::Member, Role::Visitor, Role::Bot];

    /// The role's name on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Superuser => "superuser",
            Role::Operator => "operator",
            Role::Member => "member",
            Role::Visitor => "visitor",
            Role::Bot => "bot",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether the desk's pages are open to it.
    pub fn works_at_the_desk(self) -> bool {
        matches!(self, Role::Superuser | Role::Operator)
    }
}

/// An account as the rest of the house sees it: no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its e-mail address, if it has one.
    pub email: Option<String>,
    /// First name, may be empty.
    pub first_name: String,
    /// Last name, may be empty.
    pub last_name: String,
    /// Its role.
    pub role: Role,
    /// The address of its picture; `None` stands for the placeholder.
    pub avatar: Option<String>,
    /// The code of the language it wants to be spoken to in (`es`, `pt-BR`), if it said so.
    pub language: Option<String>,
}

impl Account {
    /// First and last name, as search and pages show it.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// An account in JSON (contract, 5.1): the only form in which others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Its number.
    pub id: AccountId,
    /// The address of its picture; never empty.
    pub avatar: String,
}

impl AccountView {
    /// The view of `account`, with `placeholder` where it has no picture.
    pub fn of(account: &Account, placeholder: &str) -> Self {
        Self {
            first_name: account.first_name.clone(),
            last_name: account.last_name.clone(),
            id: account.id,
            avatar: account.avatar.clone().unwrap_or_else(|| placeholder.to_owned()),
        }
    }
}

/// What opened a door, so that revoking it can close what it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An API token.
    Token(i64),
    /// An operator's login.
    Login(i64),
    /// Anything signed: visitor tokens and JWTs. Only disabling the account ends them early.
    Signed,
}

/// Something that live connections must be closed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Everything opened by this token.
    Token(i64),
    /// Everything opened by this login.
    Login(i64),
    /// Everything of this account.
    Account(AccountId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
