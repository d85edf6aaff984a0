//! Of which version a server is: one small request, which a server may refuse.
//!
//! ```text
//! GET /version  →  {"gitVersion": "v1.36.4", …}
//! ```

use serde::Deserialize;

use super::read::Reader;
use super::request::get;

/// How large an answer may be.
const CAP: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionJson {
    git_version: String,
}

impl Reader {
    /// The server's version as it writes it; `None` where it does not say: nothing but notes rests on it.
    pub async fn server_version(&self) -> Option<String> {
        let text = self.send(get("/version"), CAP).await.ok()?;
        serde_json::from_slice::<VersionJson>(&text).ok().map(|it| it.git_version)
    }
}
