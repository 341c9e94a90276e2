//! `multipart/form-data`, written by hand.

/// What a form's boundary is here.
pub(crate) const KIND: (&str, &str) = ("content-type", "multipart/form-data; boundary=edge");

/// One part: its name, its file name where it is a file, its bytes.
pub(crate) type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// The body of a form.
pub(crate) fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file_name, bytes) in parts {
        body.extend(format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"").bytes());
        if let Some(file_name) = file_name {
            body.extend(format!("; filename=\"{file_name}\"\r\ncontent-type: image/png").bytes());
        }
        body.extend(b"\r\n\r\n");
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    body
}
