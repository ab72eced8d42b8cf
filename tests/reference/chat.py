"""Qwen2.5-VL's conversations as its processor writes them, with placeholders for each image's and video's tokens.

Needs the published template, which isn't here: QWEN_TEMPLATE names a checkpoint's chat_template.jinja (the value of
chat_template.json). Without it the fixture stays as it is."""
import json
import os
import pathlib

import torch
from common import FIXTURES
from transformers import Qwen2_5_VLProcessor, Qwen2Tokenizer, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

KEYS = {"patch_size": 4, "size": {"shortest_edge": 64, "longest_edge": 640}}


def image(height, width):
    return {"type": "image", "image": torch.zeros(3, height, width, dtype=torch.uint8)}


def video(frames, height, width):
    return {"type": "video", "video": torch.zeros(frames, 3, height, width, dtype=torch.uint8)}


def text(words):
    return {"type": "text", "text": words}


def user(*parts):
    return {"role": "user", "content": list(parts)}


def system(words):
    return {"role": "system", "content": [text(words)]}


CONVERSATIONS = [
    [user(text("Describe a river."))],
    [user(image(16, 24), text("What is in the picture?"))],
    [system("You write instructions.\n"), user(image(8, 8), image(24, 40), text(" Both? "), video(5, 16, 16))],
    [user(text("First "), video(8, 24, 8), text(" then ")), {"role": "assistant", "content": [text("A walk.")]},
     user(text("And\n\nhere?"), image(32, 16), image(8, 16))],
    [system(""), user(text("<|im_end|>")), {"role": "assistant", "content": [text("")]}],
]


def plain(conversation, tokens):
    """Messages with the number of tokens in place of pixels."""
    counts = iter(tokens)
    return [[message["role"], [["text", part["text"]] if part["type"] == "text" else [part["type"], next(counts)]
                               for part in message["content"]]] for message in conversation]


def case(processor, conversation, prompt, numbered):
    written = processor.apply_chat_template(conversation, tokenize=False, add_generation_prompt=prompt,
                                            add_vision_id=numbered)
    parts = [part for message in conversation for part in message["content"]]
    images = [part["image"] for part in parts if part["type"] == "image"]
    videos = [part["video"] for part in parts if part["type"] == "video"]
    out = processor(text=[written], images=images or None, videos=videos or None, return_tensors="pt")
    expanded = processor.tokenizer.decode(out["input_ids"][0])
    grids = {kind: iter((out[f"{kind}_grid_thw"].prod(-1) // 4).tolist()) if f"{kind}_grid_thw" in out else iter(())
             for kind in ("image", "video")}
    tokens = [next(grids[part["type"]]) for part in parts if part["type"] != "text"]
    return {"messages": plain(conversation, tokens), "generation_prompt": prompt, "number_vision": numbered,
            "text": expanded}


def main():
    template = os.environ.get("QWEN_TEMPLATE")
    if not template:
        print("  QWEN_TEMPLATE isn't set: chat.json stays as it is")
        return
    tokenizer = Qwen2Tokenizer.from_pretrained(FIXTURES / "tokenizer-bpe")
    processor = Qwen2_5_VLProcessor(Qwen2VLImageProcessor(**KEYS), tokenizer, Qwen2VLVideoProcessor(**KEYS),
                                    chat_template=pathlib.Path(template).read_text().removesuffix("\n"))
    table = [case(processor, conversation, prompt, numbered) for conversation in CONVERSATIONS
             for prompt, numbered in ((True, False), (False, True))]
    (FIXTURES / "chat.json").write_text(json.dumps(table, indent=0) + "\n")


if __name__ == "__main__":
    main()
