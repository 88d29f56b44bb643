//! The modes of a seat and the words of its script settings (contract, 3.2).

/// Declares an enum whose variants have names on the wire.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The name on the wire and in the tables.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// The value of that name.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

wire_enum! {
    /// How a member takes part in a thread.
    Mode {
        /// Says what they like.
        Open = "open",
        /// Hears, and says nothing (unless they may reopen).
        Closed = "closed",
        /// Answers the current question of a script, nothing else.
        Scripted = "scripted",
        /// Answers the question that the front end names.
        FeControlled = "scripted_fe_controlled",
        /// Says what they like, with a script at hand.
        Assisted = "assisted",
    }
}

impl Mode {
    /// Whether posts are checked as answers.
    pub fn is_scripted(self) -> bool {
        matches!(self, Mode::Scripted | Mode::FeControlled)
    }

    /// Whether the mode is meaningless without a schema.
    pub fn needs_schema(self) -> bool {
        self.is_scripted() || self == Mode::Assisted
    }
}

wire_enum! {
    /// What happens when a script ends.
    OnFinish {
        /// The member may talk freely.
        Open = "open",
        /// The member is closed.
        Close = "close",
        /// The script starts again.
        Repeat = "repeat",
    }
}

wire_enum! {
    /// The unit of a repetition's frequency.
    FrequencyUnit {
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
        /// Weeks.
        Weeks = "weeks",
        /// Months.
        Months = "months",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for mode in Mode::ALL {
            assert_eq!(Mode::parse(mode.as_str()), Some(*mode));
        }
        for unit in FrequencyUnit::ALL {
            assert_eq!(FrequencyUnit::parse(unit.as_str()), Some(*unit));
        }
        for end in OnFinish::ALL {
            assert_eq!(OnFinish::parse(end.as_str()), Some(*end));
        }
        assert_eq!(Mode::parse("Open"), None);
    }
}
