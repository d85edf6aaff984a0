//! `kreach demo --listen`: the embedded cluster served to other clients, until it is interrupted.

use std::path::Path;

use crate::args::Demo;
use crate::ask::{Fault, FaultKind};
use crate::cli::Exit;
use crate::embedded::{ServeSettings, kubeconfig, serve_named};

use super::print;

/// Serves the demo's world where `--listen` says, and writes the kubeconfig once it serves.
pub(super) fn serve(demo: &Demo, write: bool) -> Result<Exit, Fault> {
    // clap has made sure that both stand or neither.
    let (Some(address), Some(path)) = (demo.listen, &demo.write_kubeconfig) else { return Ok(Exit::Failed) };
    runtime()?.block_on(async {
        let settings = if write { ServeSettings::writable() } else { ServeSettings::default() };
        let server = serve_named(&demo.world, address, settings).await.map_err(cannot_serve)?;
        kubeconfig::write(path, &server, &demo.world).map_err(|it| not_written(path, &it))?;
        let (world, url, path) = (&demo.world, server.url(), path.display());
        print::line(&format!("serving world {world} at {url}; kubeconfig: {path}"));
        interrupted().await.map_err(cannot_serve)?;
        Ok(Exit::Yes)
    })
}

/// The server has concurrent clients, so it gets both cores.
fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(cannot_serve)
}

/// Waits for Ctrl-C, or for a service manager to end it.
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut end = signal(SignalKind::terminate())?;
    tokio::select! {
        it = tokio::signal::ctrl_c() => it,
        _ = end.recv() => Ok(()),
    }
}

fn not_written(path: &Path, error: &std::io::Error) -> Fault {
    let what = format!("cannot write the kubeconfig {}: {error}", path.display());
    Fault::of(FaultKind::Output, what).hinted("--write-kubeconfig makes a new file or replaces a plain one")
}

fn cannot_serve(error: std::io::Error) -> Fault {
    let hint = format!("worlds are {}", crate::embedded::world_names().join(", "));
    Fault::of(FaultKind::System, format!("cannot serve the demo: {error}")).hinted(hint)
}
