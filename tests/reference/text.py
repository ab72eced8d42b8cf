"""Tokenizers (T5's, from spiece.model and tokenizer.json) and the cleaning of prompts."""
import json
import random
import shutil
import tempfile
import unicodedata

import sentencepiece
import torch
from common import FIXTURES, Fixture
from diffusers.pipelines.wan.pipeline_wan import prompt_clean
from tokenizers import Tokenizer
from transformers import T5Tokenizer

PARTS = ["Hello", "world", "the", " ", "  ", "\t", "\n", "\u00a0", "\u3000", "é", "e\u0301", "ﬁ", "①", "½", "ｆｕｌｌ", "日本",
         "中文", "\u1112\u1161\u11ab", "Привет", "שלום", "مرحبا", "👩‍👩‍👧", "🇩🇪", "👍🏽", "<extra_id_0>", "<extra_id_99>", "</s>",
         "<pad>", "<unk>", "▁", "\u200b", "\ufeff", "Å", "ǆ", "カ\u3099", "…", "“q”", "don't", "3.14", "<", "&amp;", "\u0e33",
         "𝒳", "z\u0336", "\r\n", "\x85"]


def texts(seed, count):
    """Hard strings: parts in any order, and single characters from all over Unicode."""
    choose = random.Random(seed)
    made = ["", "   "]
    made += ["".join(choose.choice(PARTS) for _ in range(choose.randint(1, 14))) for _ in range(count)]
    ranges = ((0x20, 0x7e), (0xa0, 0x24f), (0x250, 0x2fff), (0x3000, 0xd7ff), (0xe000, 0xfffd), (0x10000, 0x1ffff))
    for _ in range(count):
        characters = (chr(choose.randint(*choose.choice(ranges))) for _ in range(24))
        made.append("".join(c for c in characters if unicodedata.category(c) != "Cn"))
    return made


def train(folder):
    words = "a green slow river under the old bridge turns to gold while people walk along and the city lights go on"
    with tempfile.TemporaryDirectory() as temporary:
        corpus = f"{temporary}/corpus.txt"
        choose = random.Random(1)
        with open(corpus, "w") as out:
            for _ in range(400):
                out.write(" ".join(choose.choice(words.split()) for _ in range(9)) + "\n")
        sentencepiece.SentencePieceTrainer.Train(
            input=corpus, model_prefix=f"{temporary}/tiny", vocab_size=300, hard_vocab_limit=False,
            model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="nmt_nfkc",
            minloglevel=2)
        shutil.copy(f"{temporary}/tiny.model", folder / "spiece.model")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer"}\n')


def cases(fixture, seed, encode, decode):
    lines = texts(seed, 60)
    rows = [encode(line) for line in lines]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    fixture.case("tokenize", "tokenize", {}, {"input_ids": ids, "attention_mask": mask}, {"text": lines})
    fixture.case("detokenize", "detokenize", {"input_ids": ids}, {}, text=[decode(row) for row in ids.tolist()])


def prompts():
    choose = random.Random(7)
    extra = ["&eacute;", "&NTILDE;", "&lt;", "&amp;lt;", "&#233;", "&#x1F600;", "&#128;", "&#0;", "&notit;", "&copy", "&", "&;", "&#;",
             "\x1b[31m", "\x0b", "\u2028", "<b>", "ŉ", "ﬅ", "‘a’", "＜", "｡", "\x93", "e\u0301"]
    lines = []
    for _ in range(150):
        lines.append("".join(choose.choice(PARTS + extra * 2) for _ in range(choose.randint(1, 12))))
    lines += ["A man&#39;s hat ", "  make it   snow\n\n", "caf&eacute; &amp;amp; bar", "“Night”…"]
    table = [[line, prompt_clean(line)] for line in lines]
    (FIXTURES / "prompts.json").write_text(json.dumps(table, ensure_ascii=True, indent=0) + "\n")


def main():
    pieces = Fixture("tokenizer-spiece")
    train(pieces.folder)
    reference = T5Tokenizer.from_pretrained(pieces.folder)
    cases(pieces, 1, lambda line: reference(line).input_ids, reference.decode)

    # The steps as the file has them, with other ones than T5Tokenizer's.
    steps = Fixture("tokenizer-json")
    file = json.loads(reference.backend_tokenizer.to_str())
    file["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Strip", "strip_left": False, "strip_right": True},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]}
    file["pre_tokenizer"] = file["decoder"] = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True,
                                               "prepend_scheme": "first"}
    file["added_tokens"][3].update(lstrip=True, rstrip=True)
    file["added_tokens"][-1].update(single_word=True, normalized=True)
    file["model"]["vocab"] += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    file["model"]["byte_fallback"] = True
    (steps.folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False))
    plain = Tokenizer.from_str(json.dumps(file))
    cases(steps, 2, lambda line: plain.encode(line).ids, lambda row: plain.decode(row, skip_special_tokens=False))
    prompts()


if __name__ == "__main__":
    main()
