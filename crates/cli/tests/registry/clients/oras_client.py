"""Artifacts by Python's oras: pushed, pulled, attached to another, discovered.

Arguments: HOST, a certificate to trust or `clear`, `open`, `basic` or `token`, USER:PASSWORD.
"""

import hashlib
import os
import sys
import tempfile
import time

import oras.oci
import oras.provider

# Between tries it would wait for minutes.
time.sleep = lambda seconds: None
host, trust, access, user = sys.argv[1:]
registry = oras.provider.Registry(
    host,
    insecure=trust == "clear",
    tls_verify=trust if trust != "clear" else True,
    auth_backend="basic" if access == "basic" else "token",
)
if access != "open":
    registry.auth.set_basic_auth(*user.split(":"))
name = f"{host}/team/artifact"
os.chdir(tempfile.mkdtemp())


def write(file, data):
    with open(file, "wb") as out:
        out.write(data)


def referrers(digest, query=""):
    url = f"{registry.prefix}://{host}/v2/team/artifact/referrers/{digest}{query}"
    response = registry.do_request(url)
    assert response.status_code == 200, response.text
    return response


def begin():
    """Begins a push and drops it. The library keeps the first token that it gets, and that of a look would not do
    for a push (oras-py issue 187)."""
    url = registry.get_container(name).upload_blob_url()
    upload = registry.do_request(f"{registry.prefix}://{url}", "POST")
    assert upload.status_code == 202, upload.text
    location = registry._get_location(upload, registry.get_container(name))
    assert registry.do_request(location, "DELETE").status_code == 204


begin()
model, signature = os.urandom(200_000), b"signed"
write("model.bin", model)
write("signature", signature)
pushed = registry.push(f"{name}:v1", files=["model.bin:application/x-model"], manifest_annotations={"maker": "ann"})
chunked = registry.push(f"{name}:chunked", files=["model.bin:application/x-model"], do_chunked=True, chunk_size=70_000)
assert pushed.status_code == chunked.status_code == 201

body = pushed.request.body
digest = "sha256:" + hashlib.sha256(body).hexdigest()
assert pushed.headers["Docker-Content-Digest"] == digest
assert referrers(digest).json()["manifests"] == []

subject = oras.oci.Subject("application/vnd.oci.image.manifest.v1+json", digest, len(body))
write("config", b"{}")
attached = registry.push(
    f"{name}:signature",
    files=["signature:text/plain"],
    manifest_config="config:application/x-signature",
    manifest_annotations={"kind": "signature"},
    subject=subject,
)
assert attached.headers["OCI-Subject"] == digest, attached.headers
found = referrers(digest).json()["manifests"]
assert [entry["digest"] for entry in found] == [attached.headers["Docker-Content-Digest"]], found
assert found[0]["artifactType"] == "application/x-signature", found
assert found[0]["annotations"] == {"kind": "signature"}, found
filtered = referrers(digest, "?artifactType=application/x-other")
assert filtered.json()["manifests"] == [] and filtered.headers["OCI-Filters-Applied"] == "artifactType"

for tag in ("v1", "chunked"):
    [file] = registry.pull(f"{name}:{tag}", outdir=tag)
    assert open(file, "rb").read() == model, tag
[file] = registry.pull(f"{name}:signature", outdir="signatures")
assert open(file, "rb").read() == signature
assert sorted(registry.get_tags(name)) == ["chunked", "signature", "v1"]
if access == "token":
    registry.auth.token = None
gone = registry.do_request(f"{registry.prefix}://{registry.get_container(f'{name}:signature').manifest_url()}", "DELETE")
assert gone.status_code == 202, gone.text
