//! What surveys add up to: counted, exported, opened again.
