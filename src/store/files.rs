//! Uploaded files: a directory of random names, their kind judged by their content, synced before any row refers to
//! them (contract, 12).

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use super::StoreError;
use crate::config::Media;

/// The sides of the square that thumbnails are fitted into.
const THUMBNAIL: u32 = 100;
/// The largest picture that is decoded, in pixels a side.
const MAX_SIDE: u32 = 12_000;
/// The most memory that decoding may take, in bytes.
const MAX_DECODE: u64 = 256 << 20;

/// A stored file: its name below `media/`, and its thumbnail's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Such as `attachments/x3….png`.
    pub file: String,
    /// Such as `attachments/thumbnails/y7….png`.
    pub thumbnail: Option<String>,
}

/// Why a file was not taken.
#[derive(Debug)]
pub enum FileRefused {
    /// It is not what it should be.
    WrongKind,
    /// It has more bytes than allowed.
    TooLarge,
    /// The disk failed.
    Broken(StoreError),
}

/// The directory of uploaded files.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    rules: Media,
}

/// 22 characters that nobody guesses, fit for a URL.
pub fn random_name() -> String {
    let bytes: [u8; 16] = rand::random();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn broken(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Broken(format!("cannot {what} {}: {error}", path.display()))
}

fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

impl Files {
    /// Opens the directory, making it if needed. What it is made of is synced from the inside out: a file is only found
    /// after a power cut if every directory above it is.
    pub fn open(root: &Path, rules: &Media) -> Result<Self, StoreError> {
        let below = root.join("attachments").join("thumbnails");
        fs::create_dir_all(&below).map_err(|error| broken("make", &below, &error))?;
        let named_in = below.ancestors().skip(1).take(3).filter(|directory| !directory.as_os_str().is_empty());
        for directory in named_in {
            sync_directory(directory).map_err(|error| broken("sync", directory, &error))?;
        }
        Ok(Self { root: root.to_owned(), rules: rules.clone() })
    }

    /// The largest file taken, in bytes.
    pub fn max_bytes(&self) -> usize {
        self.rules.max_bytes
    }

    /// Stores a picture and its thumbnail, both written anew from the decoded pixels or checked by decoding.
    /// Blocks: call it away from the actors.
    pub fn store_image(&self, bytes: &[u8]) -> Result<Stored, FileRefused> {
        if bytes.len() > self.rules.max_bytes {
            return Err(FileRefused::TooLarge);
        }
        let format = image::guess_format(bytes).map_err(|_| FileRefused::WrongKind)?;
        let ending = self.image_ending(format).ok_or(FileRefused::WrongKind)?;
        let picture = decode(bytes, format).ok_or(FileRefused::WrongKind)?;
        let thumbnail = encode(&shrink(picture), format).ok_or(FileRefused::WrongKind)?;
        let file = format!("attachments/{}.{ending}", random_name());
        let thumbnail_name = format!("attachments/thumbnails/{}.{ending}", random_name());
        self.write(&file, bytes).map_err(FileRefused::Broken)?;
        self.write(&thumbnail_name, &thumbnail).map_err(|error| {
            self.remove(std::slice::from_ref(&file));
            FileRefused::Broken(error)
        })?;
        Ok(Stored { file, thumbnail: Some(thumbnail_name) })
    }

    /// Stores any file whose ending is allowed and that is no program. It is only ever served as a download. Blocks.
    pub fn store_file(&self, title: &str, bytes: &[u8]) -> Result<Stored, FileRefused> {
        if bytes.len() > self.rules.max_bytes {
            return Err(FileRefused::TooLarge);
        }
        let ending = title.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        if !self.rules.file_types.contains(&ending) || infer::is_app(bytes) {
            return Err(FileRefused::WrongKind);
        }
        let file = format!("attachments/{}.{ending}", random_name());
        self.write(&file, bytes).map_err(FileRefused::Broken)?;
        Ok(Stored { file, thumbnail: None })
    }

    /// Stores a file that was fetched for a bot: a picture with its small one, anything else under the ending of what its bytes
    /// are. The rules for uploads do not hold for it; whoever fetched it has looked at its size and kind. Blocks.
    pub fn store_fetched(&self, bytes: &[u8], ending: &str) -> Result<Stored, StoreError> {
        match self.store_image(bytes) {
            Ok(stored) => return Ok(stored),
            Err(FileRefused::Broken(error)) => return Err(error),
            Err(FileRefused::WrongKind | FileRefused::TooLarge) => {}
        }
        let file = format!("attachments/{}.{ending}", random_name());
        self.write(&file, bytes)?;
        Ok(Stored { file, thumbnail: None })
    }

    fn image_ending(&self, format: ImageFormat) -> Option<&'static str> {
        let ending = match format {
            ImageFormat::Gif => "gif",
            ImageFormat::Png => "png",
            ImageFormat::Jpeg => "jpg",
            _ => return None,
        };
        self.rules.image_types.iter().any(|allowed| allowed == ending).then_some(ending)
    }

    /// Writes a file and syncs it and its directory, so that no row ever refers to what a power cut took.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.root.join(name);
        let write = |path: &Path| -> std::io::Result<()> {
            let mut file = File::create_new(path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            match path.parent() {
                Some(parent) => sync_directory(parent),
                None => Ok(()),
            }
        };
        write(&path).map_err(|error| {
            let _ = fs::remove_file(&path);
            broken("write", &path, &error)
        })
    }

    /// Removes files that nothing refers to any more; one that is gone already is no error. Blocks.
    pub fn remove(&self, names: &[String]) {
        for name in names {
            if let Err(error) = fs::remove_file(self.root.join(name))
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "an unused file could not be removed");
            }
        }
    }

    /// Copies a file under a new name; `None` if there is no such file. Blocks.
    pub fn copy(&self, name: &str) -> Result<Option<String>, StoreError> {
        let Some(path) = self.path(name) else { return Ok(None) };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken("read", &path, &error)),
        };
        let directory = name.rsplit_once('/').map_or("attachments", |(directory, _)| directory);
        let ending = name.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).unwrap_or_default();
        let copy = format!("{directory}/{}{ending}", random_name());
        self.write(&copy, &bytes)?;
        Ok(Some(copy))
    }

    /// Where a name of ours lies; `None` for anything that is not one.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let rest = name.strip_prefix("attachments/")?;
        let leaf = rest.strip_prefix("thumbnails/").unwrap_or(rest);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (leaf.chars().all(plain) && !leaf.starts_with('.') && !leaf.contains("..")).then(|| self.root.join(name))
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn decode(bytes: &[u8], format: ImageFormat) -> Option<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODE);
    reader.limits(limits);
    reader.decode().ok()
}

/// Fits a picture into the square, never enlarging it.
fn shrink(picture: DynamicImage) -> DynamicImage {
    if picture.width() <= THUMBNAIL && picture.height() <= THUMBNAIL {
        picture
    } else {
        picture.thumbnail(THUMBNAIL, THUMBNAIL)
    }
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Option<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let written = match format {
        ImageFormat::Jpeg => picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 80)),
        other => picture.to_rgba8().write_to(&mut bytes, other),
    };
    written.ok().map(|()| bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, Files) {
        let dir = tempfile::tempdir().expect("a directory");
        let rules = Media {
            max_bytes: 1 << 20,
            file_types: vec!["txt".into(), "pdf".into()],
            image_types: vec!["png".into(), "jpg".into()],
        };
        let files = Files::open(dir.path(), &rules).expect("opens");
        (dir, files)
    }

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        encode(&DynamicImage::new_rgb8(width, height), format).expect("encodes")
    }

    #[test]
    fn a_picture_is_known_by_its_content_and_gets_a_thumbnail_that_fits() {
        let (_dir, files) = files();
        for (format, ending) in [(ImageFormat::Png, ".png"), (ImageFormat::Jpeg, ".jpg")] {
            let stored = files.store_image(&picture(400, 200, format)).expect("stored");
            assert!(stored.file.ends_with(ending));
            let thumbnail = files.path(&stored.thumbnail.expect("one")).expect("a path");
            let small = image::open(thumbnail).expect("opens");
            assert_eq!((small.width(), small.height()), (100, 50));
        }
        let small = files.store_image(&picture(10, 10, ImageFormat::Png)).expect("stored");
        let thumbnail = files.path(&small.thumbnail.expect("one")).expect("a path");
        assert_eq!(image::open(thumbnail).expect("opens").width(), 10, "never enlarged");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let (_dir, files) = files();
        let truncated = picture(50, 50, ImageFormat::Png)[..60].to_vec();
        for bytes in [b"".to_vec(), b"hello".to_vec(), truncated, picture(5, 5, ImageFormat::Gif)] {
            assert!(matches!(files.store_image(&bytes), Err(FileRefused::WrongKind)));
        }
    }

    #[test]
    fn files_are_taken_by_ending_and_never_as_programs() {
        let (_dir, files) = files();
        assert!(files.store_file("notes.TXT", b"hello").is_ok());
        assert!(matches!(files.store_file("x.exe", b"hello"), Err(FileRefused::WrongKind)));
        assert!(matches!(files.store_file("noending", b"hello"), Err(FileRefused::WrongKind)));
        let mut program = b"\x7fELF\x02\x01\x01".to_vec();
        program.resize(64, 0);
        assert!(matches!(files.store_file("x.txt", &program), Err(FileRefused::WrongKind)));
        assert!(matches!(files.store_file("x.txt", &vec![b'x'; (1 << 20) + 1]), Err(FileRefused::TooLarge)));
    }

    #[test]
    fn only_names_of_ours_are_paths() {
        let (_dir, files) = files();
        assert!(files.path("attachments/abc.png").is_some());
        assert!(files.path("attachments/thumbnails/abc.png").is_some());
        for odd in ["attachments/../../etc/passwd", "etc/passwd", "attachments/.hidden", "attachments/a/b.png"] {
            assert!(files.path(odd).is_none(), "{odd}");
        }
    }
}
