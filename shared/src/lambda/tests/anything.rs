//! Whatever a caller writes.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn whatever_a_caller_writes_gets_an_answer(
        method: String, path: String, query: String, name in "[a-z-]{1,20}|host|x-forwarded-proto|content-type",
        value: String, body: String, ip: String, agent: String, stage: String, id: String,
    ) {
        let mut event = event(&method, &path);
        event["rawQueryString"] = query.into();
        event["headers"][name] = value.into();
        event["body"] = body.into();
        event["requestContext"]["stage"] = stage.into();
        event["requestContext"]["requestId"] = id.into();
        event["requestContext"]["http"]["sourceIp"] = ip.into();
        event["requestContext"]["http"]["userAgent"] = agent.into();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(send(&event));
        prop_assert!(matches!(answer.status(), 404 | 405), "{}", answer.0);
    }

    #[test]
    fn and_on_a_route_too(query: String, value: String, body: String, ip: String) {
        let mut event = greeting(&body);
        event["rawQueryString"] = query.into();
        event["headers"]["accept-language"] = value.clone().into();
        event["headers"]["user-agent"] = value.into();
        event["requestContext"]["http"]["sourceIp"] = ip.into();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(send(&event));
        prop_assert!(matches!(answer.status(), 200 | 400 | 422), "{}", answer.0);
    }
}
