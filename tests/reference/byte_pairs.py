"""Byte-level BPE: Qwen2.5's tokenizer with a small vocabulary, from each kind of files, and other steps."""
import json
import random

import torch
from common import Fixture
from text import texts
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
           "<|video_pad|>"]
PLAIN = ["<tool_call>", "</tool_call>", "<|fim_prefix|>"]
CORPUS = """The quick brown fox jumps over the lazy dog while it's raining; they're sure that we'll see what I'd said.
    def encode(self, text: str) -> list[int]:\n        return [self.ids[token] for token in text.split(' ')]\n
für Größe über Straße élève déjà naïve Ünïcödé Привет мир это тест שלום עולם مرحبا بالعالم 日本語のテキスト 中文文本处理
한국어 문장 नमस्ते दुनिया สวัสดี 👩‍👩‍👧 👍🏽 🇩🇪 🎉 1234567890 3.14159 {"key": [1, 2, 3], "other": null}\t\t\n\n\n      \n"""
PARTS = ["Hello", " the", " world", "  ", "   ", "\t", "\n", "\n\n\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u180e", "\x85",
         "é", "e\u0301", "Å", "\u212b", "Ω", "\u2126", "日本語", "中文", "\u1112\u1161\u11ab", "\uac00\u11a8", "Привет",
         "שָׁלוֹם", "مَرْحَبًا", "นำ้", "क\u093c", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "❤\ufe0f", "a\u0327\u0301", "\u0301\u0327", "\u200b", "\ufeff", "1234567890",
         "3.14", "²³", "Ⅻ", "٣", "½", "I'll", "WE'VE", "'ſ", "don’t", "it's", "'Tis", "_x1", "x+=1;", "if(a){b}", "//", "...", "—",
         "<|im_start|>", "<|im_end|>", "<|im_end|", "<|IM_END|>", "<|image_pad|>", "<|endoftext|>", "<tool_call>", "</tool_call>",
         "<|fim_prefix|>", "e<|im_end|>\u0301", " <|im_start|> ", "𝒳", "𠀀", "z\u0336", "a" * 90, "ab" * 60, " " * 130, "\n" * 70, "=" * 40,
         "\U0001E030", "\U00031350", "\x00", "\x7f", "\u2028"]


def lines(seed):
    """What text.py has, and strings from the parts above."""
    choose = random.Random(seed)
    made = texts(seed, 40) + PARTS
    made += ["".join(choose.choice(PARTS) for _ in range(choose.randint(2, 12))) for _ in range(80)]
    return made


def cases(fixture, seed, encode, decode, pad, size, every=1):
    """Lines of like lengths share a case: rows are padded."""
    encoded = sorted(((encode(line), line) for line in lines(seed)[::every]), key=lambda pair: len(pair[0]))
    share = -(-len(encoded) // 5)
    for part in range(5):
        rows, given = zip(*encoded[part * share:(part + 1) * share])
        longest = max(map(len, rows))
        fixture.case(f"tokenize-{part}", "tokenize", {}, {
            "input_ids": torch.tensor([row + [pad] * (longest - len(row)) for row in rows], dtype=torch.int64),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])},
            {"text": given})
    # Any ids: most of their bytes are no UTF-8.
    random_ids = torch.randint(0, size, (40, 20), generator=torch.Generator().manual_seed(seed))
    for skip in (False, True):
        fixture.case(f"detokenize-{'skip' if skip else 'all'}", "detokenize", {"input_ids": random_ids}, {},
                     {"skip_special_tokens": skip}, text=[decode(row, skip) for row in random_ids.tolist()])


def train(size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = Qwen2Tokenizer(vocab={"a": 0}, merges=[]).backend_tokenizer.pre_tokenizer
    tokenizer.train_from_iterator([CORPUS] * 4, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def main():
    vocabulary, merges = train(560)
    made = Qwen2Tokenizer(vocab=vocabulary, merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>",
                          unk_token=None, extra_special_tokens=SPECIAL)
    made.add_tokens([AddedToken(token, normalized=False, special=False) for token in PLAIN])
    size = len(vocabulary) + len(SPECIAL) + len(PLAIN)

    # As transformers 5 writes it.
    whole = Fixture("tokenizer-bpe")
    made.save_pretrained(whole.folder)
    (whole.folder / "chat_template.jinja").unlink(missing_ok=True)
    cases(whole, 11, lambda line: made(line).input_ids, lambda row, skip: made.decode(row, skip_special_tokens=skip),
          made.pad_token_id, size)

    # As Qwen publishes it beside tokenizer.json.
    parts = Fixture("tokenizer-merges")
    (parts.folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (parts.folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    added = {str(number): {"content": token.content, "lstrip": False, "normalized": False, "rstrip": False,
                           "single_word": False, "special": token.special}
             for number, token in sorted(made.added_tokens_decoder.items())}
    (parts.folder / "tokenizer_config.json").write_text(json.dumps({
        "added_tokens_decoder": added, "additional_special_tokens": SPECIAL[1:], "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>", "tokenizer_class": "Qwen2Tokenizer", "unk_token": None}, indent=1) + "\n")
    read = Qwen2Tokenizer.from_pretrained(parts.folder)
    cases(parts, 12, lambda line: read(line).input_ids, lambda row, skip: read.decode(row, skip_special_tokens=skip),
          read.pad_token_id, size, every=4)

    # Other steps that files describe: GPT-2's words, runs of digits, whole words, a start token, unknown bytes.
    steps = Fixture("tokenizer-bpe-steps")
    few = {token: number for number, token in enumerate(token for token in vocabulary if token not in "ðð§z")}
    few["<unk>"] = len(few)
    kept = [(a, b) for a, b in merges if a in few and b in few and a + b in few]
    other = Tokenizer(models.BPE(vocab=few, merges=kept, unk_token="<unk>", fuse_unk=True, ignore_merges=True))
    other.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split("//", "removed"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    other.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace("ß", "ss")])
    other.decoder = decoders.ByteLevel()
    other.add_special_tokens([AddedToken("<|im_start|>", lstrip=True, rstrip=True), AddedToken("<pad>")])
    other.add_tokens([AddedToken("Hello", single_word=True, normalized=True)])
    file = json.loads(other.to_str())
    start = other.token_to_id("<|im_start|>")
    file["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}},
                                                  {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [start], "tokens": ["<|im_start|>"]}}}]}
    (steps.folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False))
    (steps.folder / "tokenizer_config.json").write_text('{"pad_token": "<pad>"}\n')
    other = Tokenizer.from_str(json.dumps(file))
    cases(steps, 13, lambda line: other.encode(line).ids,
          lambda row, skip: other.decode(row, skip_special_tokens=skip), other.token_to_id("<pad>"),
          other.get_vocab_size())


if __name__ == "__main__":
    main()
