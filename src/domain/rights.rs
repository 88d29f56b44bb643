//! Permission and notification bits of a seat (contract, 3.2).

use bitflags::bitflags;

bitflags! {
    /// What a member may do in a thread. On the wire it is the number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Permissions: i32 {
        /// List and read messages.
        const READ_MESSAGES = 1;
        /// Post messages; add attachments to own messages.
        const CREATE_MESSAGES = 2;
        /// Edit own messages; change and delete attachments of own messages.
        const EDIT_MESSAGES = 4;
        /// Delete messages, anybody's.
        const DELETE_MESSAGES = 8;
        /// Read the thread, its members, attachments.
        const READ_THREAD = 16;
        /// Change title, state (of everyone), own notifications.
        const EDIT_THREAD = 32;
        /// Leave by deleting the thread object.
        const DELETE_THREAD = 64;
        /// Add members.
        const ADD_USER = 128;
        /// Remove other members.
        const REMOVE_USER = 256;
        /// See and change other members' rights and script settings; edit others' messages (with `EDIT_MESSAGES`).
        const CONTROL_OTHERS = 512;
        /// Throw everyone out of their scripts with `break_state`.
        const BREAK_STATE = 1024;
        /// Roll a script back.
        const ROLLBACK = 2048;
        /// Write in a closed thread, which reopens it.
        const REOPEN = 4096;
        /// Unknown bits are kept as they were sent.
        const _ = !0;
    }
}

bitflags! {
    /// What a member wants to be told of. On the wire it is the number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Notifications: i32 {
        /// Count unread messages.
        const UNREAD = 1;
        /// Live frames.
        const LIVE = 2;
        /// Push.
        const PUSH = 4;
        /// Unknown bits are kept as they were sent.
        const _ = !0;
    }
}

impl Permissions {
    /// What a member gets unless said otherwise: 19.
    pub const MEMBER: Permissions = Permissions::from_bits_retain(19);
    /// What somebody gets who talks to the team: a widget's visitor, a person on a channel.
    pub const VISITOR: Permissions =
        Permissions::MEMBER.union(Permissions::EDIT_MESSAGES).union(Permissions::REOPEN).union(Permissions::ROLLBACK);
    /// What those at the desk get in conversations with visitors.
    pub const OPERATOR: Permissions = Permissions::CREATOR
        .union(Permissions::EDIT_MESSAGES)
        .union(Permissions::REOPEN)
        .union(Permissions::CONTROL_OTHERS)
        .union(Permissions::BREAK_STATE)
        .union(Permissions::ROLLBACK);
    /// What a bot gets: it speaks through its seat, also where nobody spoke for a while.
    pub const BOT: Permissions = Permissions::MEMBER.union(Permissions::EDIT_MESSAGES).union(Permissions::REOPEN);
    /// What the creator of a thread gets: 507.
    pub const CREATOR: Permissions = Permissions::from_bits_retain(507);
    /// What is shown of somebody who only watches (contract, 15.3): 17.
    pub const WATCHER: Permissions = Permissions::from_bits_retain(17);
}

impl Notifications {
    /// What a member gets unless said otherwise: 3.
    pub const DEFAULT: Notifications = Notifications::from_bits_retain(3);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_contracts_numbers() {
        assert_eq!(
            Permissions::MEMBER,
            Permissions::READ_MESSAGES | Permissions::CREATE_MESSAGES | Permissions::READ_THREAD
        );
        let creator = Permissions::MEMBER
            | Permissions::DELETE_MESSAGES
            | Permissions::EDIT_THREAD
            | Permissions::DELETE_THREAD
            | Permissions::ADD_USER
            | Permissions::REMOVE_USER;
        assert_eq!(Permissions::CREATOR, creator);
    }
}
