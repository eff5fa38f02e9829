//! `strata system df -v`: what takes room, thing by thing.
use std::rc::Rc;

use engine::Engine;
use engine::ops::container::ContainerSummary;
use engine::ops::{DiskUsage, ImageUsage, VolumeUsage};
use go_template::{Functions, Member, Object, Template, Type, Value};

use super::ps;
use crate::Failure;
use crate::columns::{
    CONTAINER_COLUMNS, Format, IMAGE_COLUMNS, ImageRow, ListedContainer, ListedImage, ListedVolume, Row,
    VOLUME_COLUMNS, listing,
};
use crate::term::{escape, size};

const IMAGE_TABLE: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
const CONTAINER_TABLE: &str = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
const VOLUME_TABLE: &str = "{{.Name}}\t{{.Links}}\t{{.Size}}";
/// What `raw` shows of each thing, kind by kind.
const IMAGE_BLOCK: &str = "type: Image\nrepository: {{.Repository}}\ntag: {{.Tag}}\ndigest: {{.Digest}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";
const VOLUME_BLOCK: &str = "type: Volume\nname: {{.Name}}\ndriver: {{.Driver}}\n";
/// The headings of what there is none of.
const NO_BUILDS: &str = "
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
    let containers = containers(usage, engine, false);
    let containers = listing(&CONTAINER_COLUMNS, &containers, &Format::Table(CONTAINER_TABLE.to_owned()))?;
    let volumes = listing(&VOLUME_COLUMNS, &volumes(usage), &Format::Table(VOLUME_TABLE.to_owned()))?;
    Ok(format!(
        "Images space usage:\n\n{images}\nContainers space usage:\n\n{containers}\n\
         Local Volumes space usage:\n\n{volumes}{NO_BUILDS}\n{}",
        store_section(usage)
    ))
}

fn volumes(usage: &DiskUsage) -> Vec<ListedVolume> {
    let listed = |volume: &VolumeUsage| ListedVolume {
        volume: volume.volume.clone(),
        usage: Some((volume.bytes, volume.links)),
    };
    usage.volumes.iter().map(listed).collect()
}

/// The containers, without their images' sizes.
fn containers(usage: &DiskUsage, engine: &Engine, in_full: bool) -> Vec<ListedContainer> {
    let listed = |container: &ContainerSummary| ListedContainer {
        with_image: false,
        ..ListedContainer::new(container.clone(), engine, in_full)
    };
    usage.containers.iter().map(listed).collect()
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
    let images = rows(usage, engine, true);
    let (containers, volumes) = (containers(usage, engine, true), volumes(usage));
    if format == "raw" {
        let block = format!("type: Container\n{}size: {{{{.Size}}}}\n", ps::RAW);
        return Ok(listing(&IMAGE_COLUMNS, &images, &Format::Rows(IMAGE_BLOCK.to_owned()))?
            + &listing(&CONTAINER_COLUMNS, &containers, &Format::Rows(block))?
            + &listing(&VOLUME_COLUMNS, &volumes, &Format::Rows(VOLUME_BLOCK.to_owned()))?);
    }
    let text = match Format::parse(format, "") {
        Format::Json => "{{json .}}".to_owned(),
        Format::Table(text) | Format::Rows(text) => text,
    };
    let failed = |error: go_template::Error| Failure::new(escape::layout(&error.to_string()));
    let template = Template::parse(&text, &Functions::docker()).map_err(|error| {
        Failure::new(format!("template parsing error: {}", escape::layout(&error.to_string())))
    })?;
    let whole = Whole {
        images: images.iter().map(|row| IMAGE_COLUMNS.row(row, false)).collect(),
        containers: containers.iter().map(|row| CONTAINER_COLUMNS.row(row, false)).collect(),
        volumes: volumes.iter().map(|row| VOLUME_COLUMNS.row(row, false)).collect(),
    };
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
    containers: Vec<Row<'r, ListedContainer>>,
    volumes: Vec<Row<'r, ListedVolume>>,
}

static IMAGE: Type = Type::Object("*formatter.imageContext");
static CONTAINER: Type = Type::Object("*formatter.ContainerContext");
static VOLUME: Type = Type::Object("*formatter.volumeContext");
static BUILD: Type = Type::Object("*formatter.buildCacheContext");

fn list<'w, R>(of: &'static Type, rows: &'w [Row<'_, R>]) -> Option<Member<'w>> {
    Some(Member::Field(Value::list(of, rows.iter().map(|row| Value::Object(row)))))
}

impl Object for Whole<'_> {
    fn type_name(&self) -> &'static str {
        "*formatter.diskUsageContext"
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        match name {
            "Images" => list(&IMAGE, &self.images),
            "Containers" => list(&CONTAINER, &self.containers),
            "Volumes" => list(&VOLUME, &self.volumes),
            "BuildCache" => Some(Member::Field(Value::list(&BUILD, []))),
            _ => None,
        }
    }

    fn names(&self) -> &[&'static str] {
        &["Images", "Containers", "Volumes", "BuildCache"]
    }
}
