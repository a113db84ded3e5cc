"""From a picture to its prediction, by the site, by both contracts of the REST service, and from one to the other."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

pytestmark = pytest.mark.system
TIMEOUT_S = 120


def inspect(url: str, name: str, picture: bytes, **options: Any) -> requests.Response:
    files = {"image": (name, picture, "image/png")}
    return requests.post(f"{url}/api/v1/inspections", files=files, timeout=TIMEOUT_S, **options)


def record_of(answer: requests.Response) -> dict[str, Any]:
    """Return the record that the service answered with."""
    assert answer.status_code in (200, 201), answer.text
    record: dict[str, Any] = answer.json()
    return record


def test_a_posted_picture_is_inspected_once(platform_url: str, defective_sheet: bytes) -> None:
    first = inspect(platform_url, "once.png", defective_sheet)
    again = inspect(platform_url, "once.png", defective_sheet)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    location = first.headers["Location"]
    assert location.endswith(f"/api/v1/inspections/{first.json()['id']}")
    assert requests.get(requests.compat.urljoin(platform_url, location), timeout=TIMEOUT_S).json() == first.json()


def test_the_files_of_an_inspection_are_served(platform_url: str, defective_sheet: bytes) -> None:
    record = record_of(inspect(platform_url, "served.png", defective_sheet))
    names: Mapping[str, str | None] = record["files"]
    answers = {
        kind: requests.get(f"{platform_url}/media/{name}", timeout=TIMEOUT_S) for kind, name in names.items() if name
    }
    assert all(answer.ok for answer in answers.values())
    assert answers["original"].content == defective_sheet
    assert answers["overlay"].headers["Content-Type"] == "image/png"
    published = requests.get(f"{platform_url}/media/{record['id']}.json", timeout=TIMEOUT_S)
    assert published.json()["id"] == record["id"]


def test_an_upload_by_the_site_leads_to_its_prediction(platform_url: str, defective_sheet: bytes) -> None:
    files = {"file": ("by site.png", defective_sheet, "image/png")}
    page = requests.post(f"{platform_url}/upload", files=files, timeout=TIMEOUT_S)
    assert page.ok
    assert "/prediction?filename=" in page.url
    overlay = re.search(r"/media/(by_site-[0-9a-f]{16}_overlay\.png)", page.text)
    assert overlay
    assert requests.get(f"{platform_url}/media/{overlay.group(1)}", timeout=TIMEOUT_S).ok
    assert overlay.group(1) in requests.get(f"{platform_url}/media/", timeout=TIMEOUT_S).text


def test_a_picture_is_found_on_the_site_whoever_sent_it(platform_url: str, clean_sheet: bytes) -> None:
    record = record_of(inspect(platform_url, "by machine.png", clean_sheet))
    page = requests.get(
        f"{platform_url}/prediction", params={"filename": record["files"]["original"]}, timeout=TIMEOUT_S
    )
    assert page.ok
    assert record["files"]["overlay"] in page.text


def test_the_first_contract_gives_the_same_result(platform_url: str, defective_sheet: bytes) -> None:
    record = record_of(inspect(platform_url, "old.png", defective_sheet))
    query = {"filename": record["files"]["original"]}
    answer = requests.get(f"{platform_url}/api/get_defect_contour", params=query, timeout=TIMEOUT_S)
    assert answer.ok
    body = answer.json()
    assert body["max_prob"] == pytest.approx(record["max_probability"])
    assert body["defect_thresh"] == pytest.approx(record["threshold"]["value"])
    assert bool(body["contour_pixels"]) == bool(record["defects"])
    assert requests.get(f"{platform_url}/media/{body['filename']}", timeout=TIMEOUT_S).ok


def test_generated_sheets_are_told_apart(platform_url: str, defective_sheet: bytes, clean_sheet: bytes) -> None:
    assert record_of(inspect(platform_url, "bad.png", defective_sheet))["verdict"] == "defect"
    assert record_of(inspect(platform_url, "good.png", clean_sheet))["verdict"] == "clean"


def test_a_real_picture_gets_a_verdict(platform_url: str, real_picture: Path) -> None:
    record = record_of(inspect(platform_url, real_picture.name, real_picture.read_bytes()))
    assert record["verdict"] in {"defect", "clean"}
    assert record["image"]["width"] == 1600


def test_a_refused_picture_is_explained_on_the_page_and_to_machines(platform_url: str) -> None:
    files = {"file": ("broken.png", b"\x89PNG\r\n\x1a\nno more", "image/png")}
    page = requests.post(f"{platform_url}/upload", files=files, timeout=TIMEOUT_S)
    problem = inspect(platform_url, "broken.png", files["file"][1])
    assert (page.status_code, problem.status_code) == (422, 422)
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert page.headers["Content-Type"].startswith("text/html")


def test_the_documents_work_behind_the_prefix(platform_url: str) -> None:
    document = requests.get(f"{platform_url}/api/openapi.json", timeout=TIMEOUT_S).json()
    assert [server["url"] for server in document["servers"]] == ["/api"]
    assert requests.get(f"{platform_url}/api", timeout=TIMEOUT_S).ok


def test_an_endless_body_is_refused_by_page_and_problem(platform_url: str) -> None:
    body = bytes((16 << 20) + 1)
    page = requests.post(f"{platform_url}/upload", data=body, timeout=TIMEOUT_S)
    problem = requests.post(f"{platform_url}/api/v1/inspections", data=body, timeout=TIMEOUT_S)
    assert (page.status_code, problem.status_code) == (413, 413)
    assert page.headers["Content-Type"].startswith("text/html")
    assert problem.json()["type"].endswith(":content-too-large")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "a/b.png", "nul\x00l.png", "C:\\x.png"])
def test_names_never_are_paths(platform_url: str, clean_sheet: bytes, name: str) -> None:
    query = {"filename": name}
    old = requests.get(f"{platform_url}/api/get_defect_contour", params=query, timeout=TIMEOUT_S)
    page = requests.get(f"{platform_url}/prediction", params=query, timeout=TIMEOUT_S)
    new = requests.post(
        f"{platform_url}/api/v1/inspections",
        params=query,
        data=clean_sheet,
        headers={"Content-Type": "image/png"},
        timeout=TIMEOUT_S,
    )
    assert old.status_code == 403
    assert page.status_code == 404
    assert new.status_code in (200, 201)
    assert re.fullmatch(r"[A-Za-z0-9_-]+-[0-9a-f]{16}", new.json()["id"])
