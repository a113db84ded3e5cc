"""One picture that is posted several times at once: under one name it is judged once, under two side by side."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from defect_api.images import Grey
from defect_api.media import MediaVolume
from defect_api.record import Record
from defect_api.served_model import ServedModel, SheetMaps
from tests.defect_api.second_contract import post


def test_a_picture_that_is_sent_twice_at_the_same_time_is_judged_once(
    app: Flask, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_unknown, asked, judged = threading.Event(), itertools.count(1), []
    look, run = MediaVolume.record, ServedModel.maps

    def counted(self: MediaVolume, identifier: str) -> Record:
        # the first asks twice before it judges, the second once before it waits for the first
        if next(asked) == 3:
            both_unknown.set()
        return look(self, identifier)

    def held(self: ServedModel, grey: Grey) -> SheetMaps:
        judged.append(both_unknown.wait(30))
        return run(self, grey)

    monkeypatch.setattr(MediaVolume, "record", counted)
    monkeypatch.setattr(ServedModel, "maps", held)
    with ThreadPoolExecutor(2) as senders:
        answers = list(senders.map(lambda _: post(app.test_client()), range(2)))
    assert judged == [True]
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json == answers[1].json
    assert len(media.stamps()) == 1


def test_the_same_bytes_under_two_names_do_not_wait_for_each_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    both, run = threading.Barrier(2), ServedModel.maps

    def met(self: ServedModel, grey: Grey) -> SheetMaps:
        both.wait(30)
        return run(self, grey)

    monkeypatch.setattr(ServedModel, "maps", met)
    with ThreadPoolExecutor(2) as senders:
        answers = list(senders.map(lambda name: post(app.test_client(), name=name), ("a.png", "b.png")))
    assert [answer.status_code for answer in answers] == [201, 201]
