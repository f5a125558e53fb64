//! Which function a path belongs to, by the template's routes.

use crate::template::Function;

/// One route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    path: String,
    /// The function that answers.
    pub(crate) function: String,
}

impl Route {
    /// The route key, such as `ANY /api/profile/{proxy+}` or `$default`.
    pub(crate) fn key(&self) -> String {
        if self.path == DEFAULT {
            self.path.clone()
        } else {
            format!("ANY {}", self.path)
        }
    }
}

const DEFAULT: &str = "$default";

/// All routes, the most particular first.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// The routes of these functions.
    pub(crate) fn new(functions: &[Function]) -> Self {
        let mut routes: Vec<_> = functions
            .iter()
            .flat_map(|function| {
                function.paths.iter().map(|path| Route {
                    path: path.clone(),
                    function: function.name.clone(),
                })
            })
            .collect();
        // API Gateway: a full match first, then the longest greedy one, `$default` last.
        routes.sort_by_key(|route| {
            let literal = route.path.find('{').unwrap_or(route.path.len());
            let class = match route.path.as_str() {
                DEFAULT => 3,
                path if path.ends_with("{proxy+}") => 2,
                path if path.contains('{') => 1,
                _ => 0,
            };
            (class, std::cmp::Reverse(literal))
        });
        Self(routes)
    }

    /// The route for a path; one slash at the end makes no difference.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.0.iter().find(|route| fits(&route.path, path))
    }
}

fn fits(route: &str, path: &str) -> bool {
    if route == DEFAULT {
        return true;
    }
    let route = route.strip_suffix('/').unwrap_or(route);
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some("{proxy+}"), Some(_)) => return true,
            (Some(part), Some(found)) if part.starts_with('{') && !found.is_empty() => {}
            (Some(part), Some(found)) if part == found => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let function = |name: &str, paths: &[&str]| Function {
            name: name.to_owned(),
            paths: paths.iter().map(|&p| p.to_owned()).collect(),
            timeout_seconds: 3,
        };
        Routes::new(&[
            function("tokens", &["$default", "/problems/{code}"]),
            function("pages", &["/", "/account", "/account/{proxy+}"]),
            function("profile", &["/api/profile", "/api/profile/{proxy+}"]),
            function(
                "avatar",
                &["/api/profile/avatar", "/api/profile/avatar/{proxy+}"],
            ),
        ])
    }

    #[test]
    fn the_most_particular_route_wins() {
        let routes = routes();
        for (path, key) in [
            ("/api/profile", "ANY /api/profile"),
            ("/api/profile/", "ANY /api/profile"),
            ("/api/profile/export/", "ANY /api/profile/{proxy+}"),
            ("/api/profile/avatar/", "ANY /api/profile/avatar"),
            (
                "/api/profile/avatar/upload/",
                "ANY /api/profile/avatar/{proxy+}",
            ),
            ("/problems/not_found", "ANY /problems/{code}"),
            ("/problems/a/b", "$default"),
            ("/problems/", "$default"),
            ("/api/profiles", "$default"),
            ("//api/profile", "$default"),
            ("/", "ANY /"),
            ("/account/", "ANY /account"),
            ("/account/x", "ANY /account/{proxy+}"),
            ("/x", "$default"),
        ] {
            assert_eq!(routes.find(path).unwrap().key(), key, "{path}");
        }
    }

    #[test]
    fn without_a_default_an_unknown_path_has_no_route() {
        assert_eq!(Routes::new(&[]).find("/x"), None);
    }
}
