"""UMT5EncoderModel: the text encoder of Wan."""
import torch
from common import FIXTURES, Fixture, generator, randomise
from transformers import UMT5Config, UMT5EncoderModel

TINY = dict(vocab_size=97, d_model=32, d_kv=12, d_ff=56, num_layers=2, num_heads=3)


def make(name, config, lengths, seed, root=FIXTURES, projection="gated-gelu"):
    """`lengths`: case name -> (padded length, real length of each row)."""
    fixture = Fixture(name, root)
    config = UMT5Config(feed_forward_proj=projection, dropout_rate=0.0, **config)
    model = randomise(UMT5EncoderModel(config), seed)
    model.save_pretrained(fixture.folder)
    model = UMT5EncoderModel.from_pretrained(fixture.folder, dtype=torch.float32).eval()
    half = UMT5EncoderModel.from_pretrained(fixture.folder, dtype=torch.bfloat16).eval()
    for case, (padded, real) in lengths.items():
        seed += 1
        ids = torch.randint(3, config.vocab_size, (len(real), padded), generator=generator(seed))
        mask = torch.zeros(len(real), padded, dtype=torch.int64)
        for row, length in enumerate(real):
            ids[row, length - 1] = 1
            ids[row, length:] = 0
            mask[row, :length] = 1
        run = lambda network: {"last_hidden_state": network(ids, mask).last_hidden_state}
        fixture.case(case, "forward", {"input_ids": ids, "attention_mask": mask}, run(model),
                     bfloat16=run(half))


def main():
    make("umt5", TINY, {"padded": (19, [19, 7, 1]), "long": (150, [150, 131])}, seed=1)
    small = dict(TINY, d_model=8, d_kv=4, d_ff=12, num_layers=1)
    make("umt5-silu", small, {"padded": (9, [9, 4])}, seed=20, projection="silu")


if __name__ == "__main__":
    main()
