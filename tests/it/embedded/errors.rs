//! Errors are `Status` objects, with the code, the reason and the details that clients look at.

use kreach::embedded::review::{GivenRight, Requester};
use kreach::embedded::{ServeSettings, ServedCluster};
use serde_json::json;

use super::asking::{ask, get_as, server};

#[tokio::test]
async fn what_does_not_exist_is_404_with_details() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let (code, status) = get_as(&server, "/apis/apps/v1/namespaces/kube-system/deployments/no-such", "").await;
    assert_eq!((code, &status["status"], &status["reason"]), (404, &json!("Failure"), &json!("NotFound")));
    assert_eq!(status["details"], json!({"name": "no-such", "group": "apps", "kind": "deployments"}));
    assert_eq!(status["message"], "deployments.apps \"no-such\" not found");
    for path in ["/api/v1/things", "/apis/nope.io/v1/things", "/api/v2/pods", "/api/v1/pods/web-0", "/nowhere"] {
        assert_eq!(get_as(&server, path, "").await.0, 404, "{path}");
    }
}

/// What every server serves and no world holds is listed, and refused in kube-apiserver's words.
#[tokio::test]
async fn what_no_world_holds_is_given_to_nobody() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let (code, status) = get_as(&server, "/api/v1/namespaces/shop/secrets", "").await;
    let words = "secrets is forbidden: User \"demo\" cannot list resource \"secrets\" in API group \"\" in the namespace \"shop\"";
    assert_eq!((code, status["message"].as_str()), (403, Some(words)));
    let (_, core) = get_as(&server, "/api/v1", "").await;
    let names: Vec<&str> =
        core["resources"].as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(["pods", "pods/exec", "secrets", "configmaps"].iter().all(|it| names.contains(it)), "{names:?}");
    assert!(!names.contains(&"users"));
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    assert_eq!(get_as(&server, "/api/v1/pods?fieldSelector=spec.color%3Dred", "").await.0, 400);
    assert_eq!(get_as(&server, "/api/v1/pods?labelSelector=a%20in%20%28b", "").await.0, 400);
    assert_eq!(get_as(&server, "/api/v1/pods?limit=many", "").await.0, 400);
    assert_eq!(get_as(&server, "/api/v1/pods?watch=true&sendInitialEvents=true", "").await.0, 422);
    assert_eq!(get_as(&server, "/api/v1/pods?sendInitialEvents=true", "").await.0, 422);
    assert_eq!(get_as(&server, "/api/v1/pods", "application/vnd.kubernetes.protobuf").await.0, 406);
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let world = ServedCluster::seeded("S").expect("a world");
    let mut owner = Requester::demo();
    owner.token = Some("owner".to_owned());
    owner.rights = vec![GivenRight::new(&["*"], &["*"], &["*"])];
    let server =
        server(&world, ServeSettings { identities: vec![Requester::demo(), owner], ..ServeSettings::default() }).await;
    let path = "/api/v1/namespaces/kube-system/pods/web-0";
    for (method, verb) in [("DELETE", "delete"), ("PUT", "update"), ("PATCH", "patch")] {
        let (code, status) = ask(&server, method, path, &[], "{}").await;
        assert_eq!((code, &status["reason"]), (403, &json!("Forbidden")), "{method}");
        assert!(
            status["message"].as_str().is_some_and(|text| text.contains(&format!("cannot {verb} resource \"pods\"")))
        );
        let (code, status) = ask(&server, method, path, &[("authorization", "Bearer owner")], "{}").await;
        assert_eq!((code, &status["reason"]), (405, &json!("MethodNotAllowed")), "{method}");
    }
    assert_eq!(ask(&server, "POST", "/api/v1/namespaces/kube-system/pods", &[], "{}").await.0, 403);
}

#[tokio::test]
async fn a_limited_identity_sees_what_it_may_and_403_for_the_rest() {
    let limited = Requester {
        token: Some("limited".to_owned()),
        user: "ann".to_owned(),
        groups: vec!["system:authenticated".to_owned()],
        rights: vec![
            GivenRight::new(&["get", "list"], &["pods"], &["monitoring"]),
            GivenRight::new(&["list"], &["namespaces"], &["*"]),
        ],
    };
    let world = ServedCluster::seeded("S").expect("a world");
    let server = server(&world, ServeSettings { identities: vec![limited], ..ServeSettings::default() }).await;
    let token = [("authorization", "Bearer limited")];
    assert_eq!(ask(&server, "GET", "/api/v1/namespaces/monitoring/pods?limit=1", &token, "").await.0, 200);
    assert_eq!(ask(&server, "GET", "/api/v1/namespaces", &token, "").await.0, 200);
    let (code, status) = ask(&server, "GET", "/api/v1/pods", &token, "").await;
    assert_eq!(code, 403);
    assert_eq!(
        status["message"],
        "pods is forbidden: User \"ann\" cannot list resource \"pods\" in API group \"\" at the cluster scope"
    );
    let watch = "/apis/apps/v1/namespaces/monitoring/deployments?watch=true";
    let (code, status) = ask(&server, "GET", watch, &token, "").await;
    assert_eq!((code, &status["details"]), (403, &json!({"group": "apps", "kind": "deployments"})));
    assert_eq!(ask(&server, "GET", "/api/v1/pods", &[], "").await.0, 401, "nobody stands for those without a token");
}

#[tokio::test]
async fn reviews_of_ones_own_say_what_the_server_does() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let review = |verb: &str, resource: &str| {
        json!({"spec": {"resourceAttributes": {"verb": verb, "resource": resource, "namespace": "shop"}}}).to_string()
    };
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for (verb, resource, allowed) in [("list", "pods", true), ("delete", "pods", false), ("get", "secrets", false)] {
        let (code, answer) = ask(&server, "POST", path, &[], &review(verb, resource)).await;
        assert_eq!((code, &answer["status"]["allowed"]), (201, &json!(allowed)), "{verb} {resource}");
    }
    let (_, whoami) = ask(&server, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &[], "{}").await;
    assert_eq!(whoami["status"]["userInfo"]["username"], "demo");
    let (_, rules) = ask(
        &server,
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        &[],
        "{\"spec\":{\"namespace\":\"shop\"}}",
    )
    .await;
    assert_eq!(rules["status"]["incomplete"], false);
}
