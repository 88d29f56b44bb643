//! Keys that are kept in files of the data directory: made on the first start, readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::{Error, Result, Write};
use std::path::Path;

/// The bytes of a key, made by `make` if there is no such file.
///
/// # Errors
/// When the file can neither be read nor made.
pub(super) fn read_or_make(path: &Path, make: impl FnOnce() -> [u8; 32]) -> Result<Vec<u8>> {
    if let Ok(bytes) = fs::read(path) {
        return Ok(bytes);
    }
    let key = make();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    Ok(key.to_vec())
}

/// A random key of 32 bytes.
///
/// # Errors
/// As above, and when the file holds something else.
pub fn random(path: &Path) -> Result<[u8; 32]> {
    let bytes = read_or_make(path, rand::random)?;
    bytes
        .try_into()
        .map_err(|_| Error::other(format!("{} is not a key of 32 bytes; restore it from a backup", path.display())))
}
