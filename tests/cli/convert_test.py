"""ditto model convert: merged, cast, renamed checkpoints."""

import json
import pathlib
import shutil
import struct
import unittest

import safetensors_file
from harness import TestCase

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "reference" / "fixtures"
VACE = FIXTURES / "vace"
LORA = VACE / "lora-kohya.safetensors"


class ConvertTest(TestCase):
    def setUp(self):
        super().setUp()
        self.output = self.folder / "converted"

    def convert(self, weights, *more, expect=0):
        return self.ditto("model", "convert", "--weights", weights, "--output", self.output, *more, expect=expect)

    def tensors(self, file="diffusion_pytorch_model.safetensors"):
        return safetensors_file.read(self.output / file)

    def run_model(self, weights, inputs, arguments=None, dtype="float32"):
        tensors, _ = safetensors_file.read(inputs)
        source = self.folder / "in.safetensors"
        safetensors_file.write(source, tensors, {"arguments": json.dumps(arguments or {})})
        self.ditto("model", "run", "--weights", weights, "--inputs", source, "--outputs", "out.safetensors",
                   "--dtype", dtype)
        return safetensors_file.read(self.folder / "out.safetensors")[0]

    def whole(self):
        return json.loads(self.ditto("model", "check", "--weights", self.output, "--json").stdout)

    def nothing_left(self):
        self.assertFalse(self.output.exists())
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith(".")], [])


class ResultTest(ConvertTest):
    def test_the_result_computes_as_the_model_with_the_lora(self):
        inputs = VACE / "in-default.safetensors"
        arguments = {"lora": str(LORA), "lora_scale": 0.5}
        for short, dtype in (("f32", "float32"), ("bf16", "bfloat16")):
            shutil.rmtree(self.output, ignore_errors=True)
            text = self.convert(VACE, "--dtype", short, "--lora", LORA, "--lora-scale", 0.5).stdout
            self.assertIn("merged      1 LoRA file into", text)
            expected = self.run_model(VACE, inputs, arguments, dtype)
            self.assertEqual(self.run_model(self.output, inputs, dtype=dtype), expected)
            self.assertNotEqual(self.run_model(VACE, inputs, dtype=dtype), expected)
        _, metadata = self.tensors()
        self.assertEqual(metadata["format"], "pt")
        about = json.loads(metadata["ditto"])
        self.assertEqual(about["lora"][0]["file"], LORA.name)
        self.assertEqual(about["lora"][0]["scale"], 0.5)
        self.assertEqual(len(about["lora"][0]["sha256"]), 64)
        self.assertEqual(about["source"][0]["file"], "diffusion_pytorch_model.safetensors")
        self.assertNotIn(str(FIXTURES), metadata["ditto"])

    def test_float8(self):
        inputs = VACE / "in-default.safetensors"
        self.convert(VACE, "--dtype", "fp8_e4m3", "--lora", LORA)
        tensors, _ = self.tensors()
        self.assertEqual(tensors["blocks.0.attn1.to_q.weight"][0], "F8_E4M3")
        self.assertEqual(tensors["blocks.0.attn1.to_q.weight_scale"][:2], ("F32", [28, 1]))
        for fine in ("blocks.0.attn2.to_q.weight", "vace_blocks.0.proj_in.weight", "proj_out.weight",
                     "blocks.0.attn1.to_q.bias"):
            self.assertEqual(tensors[fine][0], "BF16")
        self.assertEqual(tensors["scale_shift_table"][0], "F32")  # as in the network in bfloat16
        self.whole()
        expected = self.run_model(VACE, inputs, {"lora": str(LORA)})
        error = safetensors_file.relative_error(self.run_model(self.output, inputs)["sample"], expected["sample"])
        self.assertLess(error, 0.03)
        self.assertGreater(error, 0)
        # What was merged stays known when the result is converted in turn.
        first, self.output = self.output, self.folder / "again"
        self.convert(first)
        tensors, metadata = self.tensors()
        self.assertEqual({dtype for dtype, _, _ in tensors.values()}, {"BF16", "F32"})
        self.assertEqual(tensors["blocks.0.attn1.to_q.weight"][0], "BF16")
        self.assertEqual(json.loads(metadata["ditto"])["earlier"]["lora"][0]["file"], LORA.name)
        self.assertNotIn("quantization_config", json.loads((self.output / "config.json").read_text()))

    def test_other_layouts_become_that_of_diffusers(self):
        for weights, inputs in (
                ("original-vace", "in-forward"), ("original-transformer", "in-short-text"),
                ("single-file-vace/wan.safetensors", "in-forward"), ("umt5", "in-padded")):
            with self.subTest(weights):
                shutil.rmtree(self.output, ignore_errors=True)
                inputs = (FIXTURES / weights.split("/")[0] / inputs).with_suffix(".safetensors")
                self.convert(FIXTURES / weights)
                self.assertNotIn("layout", self.whole())
                config = json.loads((self.output / "config.json").read_text())
                if weights == "umt5":
                    self.assertEqual(config["architectures"], ["UMT5EncoderModel"])
                    self.assertTrue((self.output / "model.safetensors").exists())
                else:
                    self.assertIn(config["_class_name"], ("WanTransformer3DModel", "WanVACETransformer3DModel"))
                    self.assertIn("blocks.0.attn1.to_q.weight", self.tensors()[0])
                self.assertEqual(self.run_model(self.output, inputs), self.run_model(FIXTURES / weights, inputs))

    def test_shards(self):
        self.convert(VACE, "--shard-size", "100kB")
        files = sorted(self.output.glob("*.safetensors"))
        self.assertGreater(len(files), 2)
        self.assertTrue(files[0].name.startswith("diffusion_pytorch_model-00001-of-"))
        index = json.loads((self.output / "diffusion_pytorch_model.safetensors.index.json").read_text())
        original, _ = safetensors_file.read(VACE / "diffusion_pytorch_model.safetensors")
        found = {}
        for file in files:
            self.assertLess(file.stat().st_size, 150_000)
            found |= safetensors_file.read(file)[0]
        self.assertEqual(found, original)
        self.assertEqual(set(index["weight_map"]), set(original))
        self.assertTrue(self.whole()["ok"])


class FailureTest(ConvertTest):
    def test_it_never_overwrites(self):
        self.output.mkdir()
        (self.output / "precious").write_text("mine")
        self.assertIn("is there already", self.convert(VACE, expect=2).stderr)
        self.assertEqual([p.name for p in self.output.iterdir()], ["precious"])
        self.assertEqual((self.output / "precious").read_text(), "mine")

    def test_lora_keys_that_match_nothing_are_listed(self):
        tensors, _ = safetensors_file.read(LORA)
        tensors["lora_unet_blocks_9_ffn_0.lora_down.weight"] = ("F32", [1, 28], bytes(112))
        tensors["lora_unet_blocks_9_ffn_0.lora_up.weight"] = ("F32", [40, 1], bytes(160))
        path = self.folder / "lora.safetensors"
        safetensors_file.write(path, tensors)
        message = self.convert(VACE, "--lora", path, expect=1).stderr
        self.assertIn("lora_unet_blocks_9_ffn_0.lora_down.weight", message)
        self.nothing_left()
        self.assertIn("--lora-scale", self.convert(VACE, "--lora-scale", 2, expect=2).stderr)
        self.assertIn("--lora-scale", self.convert(VACE, "--lora", LORA, "--lora-scale", 1, "--lora-scale", 2,
                                                   expect=2).stderr)

    def test_broken_weights_leave_nothing(self):
        model = self.folder / "model"
        shutil.copytree(FIXTURES / "umt5", model)
        path = model / "model.safetensors"
        tensors, _ = safetensors_file.read(path)
        name = sorted(tensors)[-1]
        dtype, shape, content = tensors[name]
        safetensors_file.write(path, tensors | {name: (dtype, shape, struct.pack("<f", float("nan")) + content[4:])})
        message = self.convert(model, "--dtype", "bf16", expect=1).stderr
        self.assertIn(f'model.safetensors: tensor "{name}" holds values that are not finite', message)
        self.nothing_left()
        tensors.pop(name)
        safetensors_file.write(path, tensors)
        self.assertIn(name, self.convert(model, expect=1).stderr)
        self.nothing_left()

    def test_wrong_requests(self):
        self.assertIn("--dtype", self.convert(VACE, "--dtype", "int4", expect=2).stderr)
        self.assertIn("float8", self.convert(FIXTURES / "vae", "--dtype", "fp8_e4m3", expect=2).stderr)
        (self.folder / "pipeline").mkdir()
        (self.folder / "pipeline" / "model_index.json").write_text('{"_class_name": "WanPipeline"}')
        self.assertIn("is a pipeline", self.convert("pipeline", expect=2).stderr)
        self.assertIn("no weights", self.convert(FIXTURES / "unipc-shift-3", expect=2).stderr)
        self.nothing_left()


if __name__ == "__main__":
    unittest.main()
