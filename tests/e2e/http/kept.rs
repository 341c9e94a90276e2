//! What lies on the disk after an upload, and what does not.

use seawall_testkit::{picture, png};
use serde_json::json;
use walkdir::WalkDir;

use crate::Scene;

/// A picture that can be told among all bytes by a text after its end.
fn marked(seed: u64, mark: &str) -> Vec<u8> {
    let mut bytes = png(&picture(320, 240, seed));
    bytes.extend(mark.repeat(40).bytes());
    bytes
}

/// The files of the installation that hold this text, in either byte order of UTF-16 too.
pub(crate) fn files_with(scene: &Scene, text: &str) -> Vec<String> {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let entries = WalkDir::new(scene.installation.folder()).into_iter();
    let files = entries
        .map(|entry| entry.expect("the folder can be read"))
        .filter(|e| e.file_type().is_file());
    files
        .filter(|file| {
            let bytes = std::fs::read(file.path()).expect("the file can be read");
            holds(&bytes, text.as_bytes()) || holds(&bytes, &wide)
        })
        .map(|file| file.path().display().to_string())
        .collect()
}

fn context() -> serde_json::Value {
    json!({
        "uploader_id": "uploader-8842", "screen_name": "name-8842", "ip": "192.0.2.88",
        "url": "https://platform.example/8842", "file_name": "file-8842.png",
    })
}

#[test]
fn an_upload_that_matches_nothing_leaves_nothing() {
    let scene = Scene::new();
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &png(&picture(320, 240, 61)));
    let unmatched = marked(62, "mark-of-unmatched-bytes");
    let answer = scene
        .api
        .scan_with("item-8842", &context(), &unmatched)
        .expect(200)
        .json();
    assert_eq!(answer["recommendation"], "allow");
    scene
        .api
        .scan("cut-8842", &unmatched[..unmatched.len() / 3])
        .expect(200);
    scene
        .api
        .upload("/api/v1/banks/DEMO/pictures", &unmatched)
        .expect(201);
    let Scene {
        ref installation, ..
    } = scene;
    for word in ["mark-of-unmatched-bytes", "8842", "192.0.2.88"] {
        assert_eq!(
            files_with(&scene, word),
            Vec::<String>::new(),
            "{word}, while the server runs"
        );
    }
    let vault = WalkDir::new(installation.data().join("vault"))
        .into_iter()
        .filter_map(Result::ok);
    assert_eq!(vault.filter(|entry| entry.file_type().is_file()).count(), 0);
}

#[test]
fn an_upload_that_matches_is_kept_sealed_with_what_was_told_about_it() {
    let mut scene = Scene::new();
    let matched = marked(61, "mark-of-matched-bytes");
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &png(&picture(320, 240, 61)));
    let answer = scene
        .api
        .scan_with("item-1", &context(), &matched)
        .expect(200)
        .json();
    let case = answer["case_id"].as_str().expect("a case").to_owned();
    for word in ["mark-of-matched-bytes", "8842", "192.0.2.88", "IHDR"] {
        assert_eq!(
            files_with(&scene, word),
            Vec::<String>::new(),
            "{word}, while the server runs"
        );
    }
    let vault = scene.installation.data().join("vault");
    let sealed = WalkDir::new(&vault)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_file());
    let sealed: Vec<u64> = sealed
        .map(|file| file.metadata().expect("metadata").len())
        .collect();
    assert_eq!(sealed.len(), 1);
    assert!(
        sealed[0] >= matched.len() as u64,
        "the whole upload is kept"
    );
    // The master key opens it again, after a restart too; without it nobody can.
    scene.server.kill();
    scene.server = scene.installation.serve();
    let console = scene.server.console();
    console.use_link(&scene.installation.first_link_path);
    assert!(console.reveal(&case, "full").starts_with(b"\x89PNG"));
    let page = console.get(&format!("/cases/{case}")).expect(200);
    assert!(
        page.text().contains("uploader-8842"),
        "the reviewer sees what was told"
    );
    for word in ["mark-of-matched-bytes", "8842"] {
        assert_eq!(
            files_with(&scene, word),
            Vec::<String>::new(),
            "{word}, after a reveal"
        );
    }
}

#[test]
#[cfg(unix)]
fn nobody_else_on_the_machine_can_read_the_data() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let original = png(&picture(320, 240, 61));
    scene.api.bank("DEMO");
    scene.api.add_picture("DEMO", &original);
    scene.api.scan("item-1", &original).expect(200);
    for folder in ["data", "keys"] {
        let mode = std::fs::metadata(scene.installation.path(folder))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{folder}");
    }
}
