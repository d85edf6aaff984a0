//! The cluster as it lives: kubeconfig, client, watches, one-shot reads.
pub mod connect;
mod credentials;
pub mod fault;
pub mod files;
mod kubeconfig;
mod plugin;
mod proxy;
mod read_only;
pub mod snapshot;
