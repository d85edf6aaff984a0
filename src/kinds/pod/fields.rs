//! Which fields of a pod's spec are read, for pods and for templates of pods alike.

/// These fields, and those of the specs of pods that stand at these places.
macro_rules! fields_of_pods {
    ([$($own:literal),* $(,)?], $($at:literal),*) => {
        &[
            $($own,)*
            $(
                concat!($at, ".automountServiceAccountToken"),
                concat!($at, ".containers.lifecycle?host"),
                concat!($at, ".containers.livenessProbe?host"),
                concat!($at, ".containers.ports"),
                concat!($at, ".containers.readinessProbe?host"),
                concat!($at, ".containers.securityContext"),
                concat!($at, ".containers.startupProbe?host"),
                concat!($at, ".containers.volumeMounts.name"),
                concat!($at, ".containers.volumeMounts.readOnly"),
                concat!($at, ".initContainers.lifecycle?host"),
                concat!($at, ".initContainers.livenessProbe?host"),
                concat!($at, ".initContainers.ports"),
                concat!($at, ".initContainers.readinessProbe?host"),
                concat!($at, ".initContainers.restartPolicy"),
                concat!($at, ".initContainers.securityContext"),
                concat!($at, ".initContainers.startupProbe?host"),
                concat!($at, ".initContainers.volumeMounts.name"),
                concat!($at, ".initContainers.volumeMounts.readOnly"),
                concat!($at, ".hostIPC"),
                concat!($at, ".hostNetwork"),
                concat!($at, ".hostPID"),
                concat!($at, ".hostUsers"),
                concat!($at, ".nodeName"),
                concat!($at, ".os"),
                concat!($at, ".securityContext"),
                concat!($at, ".serviceAccount"),
                concat!($at, ".serviceAccountName"),
                concat!($at, ".volumes.!configMap"),
                concat!($at, ".volumes.!csi"),
                concat!($at, ".volumes.!downwardAPI"),
                concat!($at, ".volumes.!emptyDir"),
                concat!($at, ".volumes.!ephemeral"),
                concat!($at, ".volumes.!image"),
                concat!($at, ".volumes.!persistentVolumeClaim"),
                concat!($at, ".volumes.!secret"),
                concat!($at, ".volumes.*"),
                concat!($at, ".volumes.projected.sources.serviceAccountToken"),
            )*
        ]
    };
}
pub(in crate::kinds) use fields_of_pods;
