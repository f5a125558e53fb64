//! The routes, for the API's document.

use shared::avatars::Form;
use shared::domain::picture::{Kind, Refusal};
use shared::http::spec::HttpMethod::{Delete, Post};
use shared::http::spec::schema::{binary, must, object};
use shared::http::spec::{Route, Spec};

use crate::decode::problem;
use crate::upload::Shown;
use crate::upload_form::announced;

/// Describes the routes of this function.
pub fn document(spec: &mut Spec) {
    let file = || binary("The file: JPEG, PNG, WebP or GIF, at most 4 MiB.");
    let form = object("A form with exactly one file.", [must("avatar", file())]);
    let form = spec.schema("PictureForm", form);
    let raw = spec.schema("PictureFile", file());
    let files = Kind::ALL.map(|kind| (kind.media_type(), raw.clone()));
    let route = Route::new(Post, "/api/profile/avatar/", "sendPicture")
        .signed_in()
        .body([("multipart/form-data", form)])
        .body(files)
        .refuses(problem(Refusal::TooManyPixels))
        .answers::<Shown>(200)
        .fails(&["rate_limited"]);
    spec.add(route);

    spec.add(Route::new(Delete, "/api/profile/avatar/", "removePicture").signed_in());

    let route = Route::new(Post, "/api/profile/avatar/upload/", "requestUpload")
        .signed_in()
        .json("UploadRequest", announced)
        .answers::<Form>(200)
        .fails(&["rate_limited"]);
    spec.add(route);
}
