"""Segments agree with Twilio's own count, the npm package sms-segments-calculator, where Node and the package are."""

import json
import os
import random
import shutil
import subprocess

import pytest

from orchestrator.segments import segments_of

TEXTS = 5_000
# .ci/run installs the package and names its folder here.
NODE_PATH = os.environ.get("NODE_PATH")
COUNT = """
const {SegmentedMessage} = require('sms-segments-calculator');
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const counted = texts.map(text => new SegmentedMessage(text)).map(m => [m.encodingName, m.segmentsCount]);
process.stdout.write(JSON.stringify(counted));
"""
ALPHABETS = [
    "abcdefghij KLMNOP 0123456789.,!?",
    "]^{}~|€ ab",
    "]",
    "äöüßñéèàìòùÅÆØ çáíóúâêô",
    "привет мир",
    "今日は木曜日です",
    "안녕하세요",
    "שלום مرحبا",
    "สวัสดีครับ",
    "🎉🚀👍 ok",
    ["👍🏽", "👩‍🚀", "👨‍👩‍👧", "❤️", "🇺🇸", "🇨🇦", "e\u0301", "n\u0303", "a", " ", "1️⃣", "🏳️‍🌈"],
    "\r\n a",
]


def generated_texts() -> list[str]:
    chance = random.Random(17)
    edges = (66, 67, 68, 69, 70, 71, 133, 134, 135, 152, 153, 154, 159, 160, 161, 200, 201, 305, 306, 307, 459, 460)
    texts = []
    for _ in range(TEXTS):
        alphabets = chance.sample(ALPHABETS, chance.choice((1, 1, 2)))
        length = chance.choice((chance.choice(edges), chance.randint(0, 500)))
        texts.append("".join(chance.choice(chance.choice(alphabets)) for _ in range(length)))
    return texts


@pytest.mark.skipif(not (NODE_PATH and shutil.which("node")), reason="needs node, and NODE_PATH with the package")
def test_segments_agree_with_twilios_calculator() -> None:
    texts = generated_texts()
    done = subprocess.run(
        ["node", "-e", COUNT], input=json.dumps(texts), capture_output=True, text=True, timeout=300, check=True
    )
    theirs = [tuple(counted) for counted in json.loads(done.stdout)]
    ours = [(str(found.encoding), found.number) for found in map(segments_of, texts)]
    assert len(theirs) == TEXTS
    different = [(text, mine, other) for text, mine, other in zip(texts, ours, theirs, strict=True) if mine != other]
    assert different == [], f"{len(different)} of {TEXTS}"
