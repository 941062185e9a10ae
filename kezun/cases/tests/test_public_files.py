"""Files that a customer chose before the form came back: kept, counted, and of nobody else."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile

from kezun.cases import catalogs
from kezun.cases.models import Case, Proof
from kezun.cases.tests.test_intake import photo
from kezun.cases.tests.test_public import NEW, form, shipped
from kezun.kernel.models import StoredFile

__all__ = ["shipped"]


def test_files_chosen_once_stay_while_the_outlet_is_found(shipped, client):
    """A form that comes back has an empty field for files: those brought before are kept with it."""
    bad = SimpleUploadedFile("p.png", b"MZ" * 99, "image/png")
    asked = client.post(NEW, form(unit="机构O", files=[photo("one.png"), bad]))
    text = asked.content.decode()
    assert asked.status_code == 422
    assert "one.png" in text
    assert text.count("p.png") == 1, "why that one was not taken"
    kept = re.search(r'name="kept" value="([^"]+)"', text)[1]
    assert client.post(NEW, form(kept=kept)).status_code == 302
    assert [proof.file.name for proof in Proof.objects.filter(case=Case.objects.get())] == ["one.png"]


def test_no_more_files_than_told_however_often_it_comes_back(shipped, client):
    most = catalogs.numbers("complaints")["public"]["files"]
    many = [SimpleUploadedFile(f"{n}.txt", f"附件 {n}".encode()) for n in range(most)]
    text = client.post(NEW, form(unit="机构O", files=many)).content.decode()
    kept = re.search(r'name="kept" value="([^"]+)"', text)[1]
    text = client.post(NEW, form(unit="机构O", kept=kept, files=[photo("more.png")])).content.decode()
    assert f"{most}" in re.search(r"more\.png[^<]*", text)[0]
    assert client.post(NEW, form(kept=kept)).status_code == 302
    assert Proof.objects.filter(case=Case.objects.get()).count() == most


def test_a_forged_word_of_kept_files_brings_none(shipped, client):
    assert client.post(NEW, form(kept="eyJhIjoxfQ:forged")).status_code == 302
    assert not Proof.objects.exists()


def test_what_a_robot_brings_is_not_kept(shipped, client):
    assert client.post(NEW, form(website="http://shop.example", files=[photo("x.png")])).status_code == 422
    assert not StoredFile.objects.exists()
