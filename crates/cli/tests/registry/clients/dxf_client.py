"""Blobs and names by Python's dxf: pushed, pulled, mounted, listed, deleted.

Arguments: HOST, a certificate to trust or `clear`, `open`, `basic` or `token`, USER:PASSWORD.
"""

import os
import sys
import tempfile

from dxf import DXF, DXFBase

host, trust, access, user = sys.argv[1:]
name, password = user.split(":")
options = {"insecure": trust == "clear", "tlsverify": trust if trust != "clear" else True}


def authenticate(client, response):
    client.authenticate(name, password, response=response)


def repository(path):
    return DXF(host, path, auth=authenticate if access != "open" else None, **options)


os.chdir(tempfile.mkdtemp())
data = [os.urandom(150_000), os.urandom(10)]
for number, content in enumerate(data):
    with open(str(number), "wb") as out:
        out.write(content)

with repository("team/files") as files:
    digests = [files.push_blob("0"), files.push_blob("1")]
    assert files.push_blob("0") == digests[0]
    for digest, content in zip(digests, data):
        assert files.blob_size(digest) == len(content)
        assert b"".join(files.pull_blob(digest)) == content
    files.set_alias("kept", *digests)
    files.set_alias("gone", digests[1])
    assert files.get_alias("kept") == digests
    assert list(files.list_aliases(batch_size=1, iterate=True)) == ["gone", "kept"]
    assert files.del_alias("gone") == [digests[1]]

with repository("team/mounted") as mounted:
    assert mounted.mount_blob("team/files", digests[0]) == digests[0]
    assert b"".join(mounted.pull_blob(digests[0])) == data[0]
    mounted.set_alias("1", digests[0])

with DXFBase(host, **options) as registry:
    # Nobody has to say who they are to be shown what is public.
    assert registry.list_repos() == (["team/files", "team/mounted"] if access == "open" else [])
    if access != "open":
        registry.authenticate(name, password)
    assert registry.list_repos() == ["team/files", "team/mounted"]
