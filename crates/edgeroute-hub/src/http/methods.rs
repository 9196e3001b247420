use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use super::{MethodCaller, MethodResult, read_body};
use crate::identity::ClientId;

/// The header with the module that calls.
const CALLER: &str = "x-ms-edge-moduleid";

/// Answers `POST /twins/{device}/methods` and `POST /twins/{device}/modules/{module}/methods`.
pub(super) async fn invoke<M: MethodCaller>(State(methods): State<Arc<M>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let invocation = target(head.uri.path()).and_then(|target| Ok((target, caller(&head.headers)?)));
    let (target, caller) = match invocation {
        Ok(invocation) => invocation,
        Err(problem) => return MethodResult::Invalid(problem).to_response(),
    };
    let authorization = match text(&head.headers, AUTHORIZATION.as_str()) {
        Ok(authorization) => authorization,
        Err(problem) => return MethodResult::Unauthorized(problem).to_response(),
    };
    match read_body(body).await {
        Ok(body) => methods.invoke(caller, authorization, target, body).await.to_response(),
        Err(response) => response,
    }
}

/// Reads the target from a path, which the router has matched. The SDK for Python writes a space as `+`.
fn target(path: &str) -> Result<ClientId, String> {
    let decode = |id: &str| {
        let id = id.replace('+', " ");
        percent_decode_str(&id)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| "the path is not UTF-8".to_owned())
    };
    let ids: Vec<_> = path.split('/').collect();
    let target = match ids.as_slice() {
        ["", "twins", device, "methods"] => {
            let device = decode(device)?;
            device.parse::<ClientId>().ok().filter(|target| target.module_id().is_none())
        }
        ["", "twins", device, "modules", module, "methods"] => {
            format!("{}/{}", decode(device)?, decode(module)?).parse().ok()
        }
        _ => None,
    };
    target.ok_or_else(|| "the path has no valid ids of a device or module".to_owned())
}

fn caller(headers: &HeaderMap) -> Result<ClientId, String> {
    text(headers, CALLER)?
        .parse::<ClientId>()
        .ok()
        .filter(|caller| caller.module_id().is_some())
        .ok_or_else(|| "the header x-ms-edge-moduleId is not DEVICE/MODULE".to_owned())
}

/// Returns the one value of a header.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(hyper::header::HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        (None, _) => Err(format!("the header {name} is missing")),
        _ => Err(format!("the header {name} is not one line of ASCII")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_decoded() {
        for (path, expected) in [
            ("/twins/leaf-1/methods", Some("leaf-1")),
            ("/twins/edge-1/modules/sensor/methods", Some("edge-1/sensor")),
            ("/twins/a%2Bb%3A/modules/%24edgeAgent/methods", Some("a+b:/$edgeAgent")),
            // A space, which no id has.
            ("/twins/a+b/methods", None),
            ("/twins/a%2Fb/methods", None),
            ("/twins/a%2Fb/modules/c/methods", None),
            ("/twins/a/modules/b%2fc/methods", None),
            ("/twins//methods", None),
            ("/twins/%FF/methods", None),
        ] {
            assert_eq!(target(path).ok().map(|target| target.to_string()).as_deref(), expected, "{path}");
        }
    }
}
