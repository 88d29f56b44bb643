//! Chance that can be repeated: one seed, printed, decides everything.

use std::time::{SystemTime, UNIX_EPOCH};

/// A small seeded source of numbers (SplitMix64). `TERTULIA_TEST_SEED` repeats a run that failed.
pub struct Chance(u64);

impl Chance {
    /// Takes the seed from the environment or the clock, and prints it so that a failure can be repeated.
    pub fn new(what: &str) -> Chance {
        let given = std::env::var("TERTULIA_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(clock);
        println!("{what}: TERTULIA_TEST_SEED={seed}");
        Chance(seed)
    }

    /// A source that is another one each time, for what need not be repeated.
    pub fn unseeded() -> Chance {
        Chance(clock() ^ u64::from(std::process::id()) << 32)
    }

    /// A source of its own for one part of a test, so that parts running at once stay repeatable.
    pub fn fork(&mut self) -> Chance {
        Chance(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// Nanoseconds since 1970; they wrap in 2554.
fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}
