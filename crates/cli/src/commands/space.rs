//! `strata system df -v`: what takes room, image by image.
use std::rc::Rc;

use engine::Engine;
use engine::ops::{DiskUsage, ImageUsage};
use go_template::{Functions, Member, Object, Template, Type, Value};

use crate::Failure;
use crate::columns::{Format, IMAGE_COLUMNS, ImageRow, ListedImage, Row, listing};
use crate::term::{escape, size};

const IMAGE_TABLE: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
/// The headings of what there is none of.
const NOTHING_ELSE: &str = "
Containers space usage:

CONTAINER ID   IMAGE     COMMAND   LOCAL VOLUMES   SIZE      CREATED   STATUS    NAMES

Local Volumes space usage:

VOLUME NAME   LINKS     SIZE

Build cache usage: 0B

CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED
";

/// Docker's sections, and one about the files of the store.
///
/// # Errors
/// Never, as long as the table's template fits its columns.
pub(super) fn sections(usage: &DiskUsage, engine: &Engine) -> Result<String, Failure> {
    let rows = rows(usage, engine, false);
    let images = listing(&IMAGE_COLUMNS, &rows, &Format::Table(IMAGE_TABLE.to_owned()))?;
    Ok(format!("Images space usage:\n\n{images}{NOTHING_ELSE}\n{}", store_section(usage)))
}

/// What is really on the disk. Blobs and unpacked layers are the same content twice: the first as it was
/// received, the second made from it and gone when it is not needed.
fn store_section(usage: &DiskUsage) -> String {
    let mut out = String::from("Store space usage:\n\n");
    for (what, bytes) in [
        ("Blobs", usage.blob_bytes),
        ("  not reached by any image", usage.unreached_bytes),
        ("Unpacked layers", usage.unpacked_bytes),
        ("Unfinished downloads", usage.partial_bytes),
        ("In all", usage.blob_bytes + usage.unpacked_bytes + usage.partial_bytes),
    ] {
        out.push_str(&format!("{what:<29}{}\n", size::long(bytes)));
    }
    out
}

/// One template for all of it, or `raw`, or `json`. As in Docker no line break is added.
///
/// # Errors
/// When the template is none or does not fit.
pub(super) fn by_template(usage: &DiskUsage, engine: &Engine, format: &str) -> Result<String, Failure> {
    let rows = rows(usage, engine, true);
    if format == "raw" {
        let block = "type: Image\nrepository: {{.Repository}}\ntag: {{.Tag}}\ndigest: {{.Digest}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";
        return listing(&IMAGE_COLUMNS, &rows, &Format::Rows(block.to_owned()));
    }
    let text = match Format::parse(format, "") {
        Format::Json => "{{json .}}".to_owned(),
        Format::Table(text) | Format::Rows(text) => text,
    };
    let failed = |error: go_template::Error| Failure::new(escape::layout(&error.to_string()));
    let template = Template::parse(&text, &Functions::docker()).map_err(|error| {
        Failure::new(format!("template parsing error: {}", escape::layout(&error.to_string())))
    })?;
    let whole = Whole { images: rows.iter().map(|row| IMAGE_COLUMNS.row(row, false)).collect() };
    let mut out = String::new();
    template.execute(Value::Object(&whole), &mut out).map_err(failed)?;
    Ok(escape::layout(&out).into_owned())
}

/// One row for each image, under its first tag.
fn rows(usage: &DiskUsage, engine: &Engine, full_id: bool) -> Vec<ImageRow> {
    let row = |image: &ImageUsage| {
        let summary = &image.summary;
        let tag = summary.tags.first();
        let listed = ListedImage { shared: Some(image.shared), ..ListedImage::new(summary, engine, full_id) };
        ImageRow {
            repository: tag.map_or_else(|| "<none>".to_owned(), spec::Reference::familiar_name),
            tag: tag.and_then(spec::Reference::tag).unwrap_or("<none>").to_owned(),
            digest: String::new(),
            image: Rc::new(listed),
        }
    };
    usage.images.iter().map(row).collect()
}

/// What a template of `df -v` sees.
struct Whole<'r> {
    images: Vec<Row<'r, ImageRow>>,
}

static ROW: Type = Type::Object("*formatter.imageContext");

impl Object for Whole<'_> {
    fn type_name(&self) -> &'static str {
        "*formatter.diskUsageContext"
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        let rows = |rows| Some(Member::Field(Value::list(&ROW, rows)));
        match name {
            "Images" => rows(self.images.iter().map(|row| Value::Object(row)).collect::<Vec<_>>()),
            "Containers" | "Volumes" | "BuildCache" => rows(Vec::new()),
            _ => None,
        }
    }

    fn names(&self) -> &[&'static str] {
        &["Images", "Containers", "Volumes", "BuildCache"]
    }
}
