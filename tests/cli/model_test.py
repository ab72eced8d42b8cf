import json
import pathlib
import shutil
import struct
import unittest

import safetensors_file
from harness import TestCase

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "reference" / "fixtures"
UMT5 = FIXTURES / "umt5"
GAIN = "encoder.final_layer_norm.weight"


class ModelTest(TestCase):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        shutil.copytree(UMT5, self.model)
        self.output = self.folder / "out.safetensors"

    def change(self, edit):
        """`edit` gets the model's tensors and may change them."""
        path = self.model / "model.safetensors"
        tensors, metadata = safetensors_file.read(path)
        edit(tensors)
        safetensors_file.write(path, tensors, metadata)

    def run_model(self, *more, inputs=UMT5 / "in-padded.safetensors", **kwargs):
        return self.ditto("model", "run", "--weights", self.model, "--inputs", inputs, "--outputs", self.output,
                          *more, **kwargs)

    def check(self, *more, expect=0):
        return json.loads(self.ditto("model", "check", "--weights", self.model, "--json", *more,
                                     expect=expect).stdout)


class RunTest(ModelTest):
    def test_agrees_with_the_reference(self):
        for case in ("padded", "long"):
            self.run_model("--entry", "forward", inputs=UMT5 / f"in-{case}.safetensors")
            found, _ = safetensors_file.read(self.output)
            expected, _ = safetensors_file.read(UMT5 / f"out-{case}.safetensors")
            self.assertEqual(set(found), set(expected))
            for name in expected:
                self.assertEqual(found[name][1], expected[name][1])
                self.assertLess(safetensors_file.relative_error(found[name], expected[name]), 2e-5)

    def test_the_entry_may_be_left_out_and_paths_are_relative_to_the_working_directory(self):
        shutil.copy(UMT5 / "in-padded.safetensors", self.folder / "in.safetensors")
        self.ditto("model", "run", "--weights", "model", "--inputs", "in.safetensors", "--outputs",
                   "out.safetensors", "--threads", "2", "--dtype", "bfloat16")
        self.assertEqual(safetensors_file.read(self.output)[0]["last_hidden_state"][0], "BF16")

    def test_tells_how_long_each_of_several_passes_took(self):
        self.assertNotIn("seconds per pass", self.run_model().stderr)
        once = self.output.read_bytes()
        self.assertRegex(self.run_model("--passes", "3").stderr, r"seconds per pass: \d+\.\d{3}( \d+\.\d{3}){2}\n")
        self.assertEqual(self.output.read_bytes(), once)

    def test_a_single_file_with_the_original_names(self):
        inside = {"0.layer_norm": "norm1", "1.layer_norm": "norm2", "1.DenseReluDense.wi_0": "ffn.gate.0",
                  "1.DenseReluDense.wi_1": "ffn.fc1", "1.DenseReluDense.wo": "ffn.fc2",
                  "0.SelfAttention.relative_attention_bias": "pos_embedding.embedding",
                  **{f"0.SelfAttention.{x}": f"attn.{x}" for x in "qkvo"}}
        tensors, _ = safetensors_file.read(UMT5 / "model.safetensors")
        original = {"token_embedding.weight": tensors.pop("shared.weight"), "norm.weight": tensors.pop(GAIN)}
        for name, one in tensors.items():
            _, _, block, _, rest = name.split(".", 4)
            original[f"blocks.{block}.{inside[rest.removesuffix('.weight')]}.weight"] = one
        path = self.folder / "umt5.safetensors"
        safetensors_file.write(path, original)
        self.run_model()
        expected = self.output.read_bytes()
        self.ditto("model", "run", "--weights", path, "--inputs", UMT5 / "in-padded.safetensors", "--outputs",
                   self.output)
        self.assertEqual(self.output.read_bytes(), expected)

    def changed_inputs(self, edit=lambda tensors: None, arguments=None):
        tensors, _ = safetensors_file.read(UMT5 / "in-padded.safetensors")
        edit(tensors)
        path = self.folder / "in.safetensors"
        safetensors_file.write(path, tensors, arguments)
        return path

    def failure(self, *more, expect=1, **kwargs):
        """The message of a failing run, which leaves nothing: not the result of an earlier run either."""
        self.output.write_bytes(b"of an earlier run")
        message = self.run_model(*more, expect=expect, **kwargs).stderr
        self.assertFalse(self.output.exists())
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith(".")], [])
        return message

    def test_unknown_names_are_errors_that_list_the_known(self):
        path = self.changed_inputs(lambda tensors: tensors.update(input_idz=tensors["input_ids"]))
        message = self.failure(inputs=path)
        self.assertIn('did you mean "input_ids"', message)
        self.assertIn("input_ids, attention_mask", message)
        path = self.changed_inputs(arguments={"arguments": '{"guidance": 3}'})
        self.assertIn('no argument "guidance"', self.failure(inputs=path))

    def test_a_failing_run_leaves_no_output(self):
        self.assertIn("input_ids is missing", self.failure(
            inputs=self.changed_inputs(lambda tensors: tensors.pop("input_ids"))))
        self.assertIn("outside of the vocabulary", self.failure(
            inputs=self.changed_inputs(lambda tensors: tensors.update(
                input_ids=("I64", [1, 1], struct.pack("<q", 97)), attention_mask=("I64", [1, 1], bytes(8))))))
        self.assertIn("dimensions", self.failure(
            inputs=self.changed_inputs(lambda tensors: tensors.update(
                input_ids=("I64", [1], bytes(8)), attention_mask=("I64", [1], bytes(8))))))
        self.assertIn("no valid JSON", self.failure(inputs=self.changed_inputs(arguments={"arguments": "{"})))
        self.assertIn("must be a JSON object", self.failure(
            inputs=self.changed_inputs(arguments={"arguments": "[1]"})))
        self.change(lambda tensors: tensors.pop(GAIN))
        self.assertIn(GAIN, self.failure())

    def test_wrong_requests_are_usage_errors(self):
        self.output.write_bytes(b"of an earlier run")
        self.assertIn("it has: forward", self.run_model("--entry", "backward", expect=2).stderr)
        self.assertIn("--dtype", self.run_model("--dtype", "int8", expect=2).stderr)
        self.assertIn("must be cpu, cuda or cuda:N", self.run_model("--device", "tpu", expect=2).stderr)
        inputs = self.changed_inputs()
        before = inputs.read_bytes()
        self.assertIn("the same file", self.ditto("model", "run", "--weights", self.model, "--inputs", inputs,
                                                  "--outputs", inputs, expect=2).stderr)
        self.assertEqual(inputs.read_bytes(), before)
        self.assertIn("required", self.usage_error("model", "run", "--weights", self.model))

    @unittest.skipIf(pathlib.Path("/dev/nvidiactl").exists(), "there is a GPU")
    def test_cuda_without_a_gpu_is_a_clear_error(self):
        self.assertIn("no NVIDIA device", self.run_model("--device", "cuda", expect=2).stderr)
        self.assertIn("no NVIDIA device", self.run_model("--device", "cuda:1", expect=2).stderr)


class CheckTest(ModelTest):
    def test_a_whole_checkpoint(self):
        report = self.check()
        self.assertTrue(report["ok"])
        self.assertEqual(report["class"], "UMT5EncoderModel")
        self.assertEqual((report["missing"], report["unexpected"], report["misshaped"]), ([], [], []))
        tensors, _ = safetensors_file.read(self.model / "model.safetensors")
        self.assertEqual(report["bytes"], sum(len(content) for _, _, content in tensors.values()))
        self.assertEqual(report["dtypes"], {"F32": {"tensors": len(tensors), "bytes": report["bytes"]}})
        self.assertEqual({t["name"] for t in self.check("--tensors")["tensors"]}, set(tensors))
        text = self.ditto("model", "check", "--weights", self.model)
        self.assertRegex(text.stdout, r"class +UMT5EncoderModel\n")
        self.assertIn("no faults", text.stderr)

    def test_each_fault_is_reported_and_the_status_is_4(self):
        def edit(tensors):
            tensors.pop(GAIN)
            tensors["encoder.extra"] = ("F32", [1], bytes(4))
            dtype, shape, content = tensors["shared.weight"]
            tensors["shared.weight"] = (dtype, [shape[0] - 1, shape[1]], content[:-4 * shape[1]])
            name = "encoder.block.0.layer.0.layer_norm.weight"
            tensors[name] = (*tensors[name][:2], struct.pack("<2f", float("nan"), float("-inf")) + tensors[name][2][8:])

        self.change(edit)
        report = self.check(expect=4)
        self.assertFalse(report["ok"])
        self.assertEqual(report["missing"], [GAIN])
        self.assertEqual(report["unexpected"], ["encoder.extra"])
        self.assertEqual(report["misshaped"], [{"name": "shared.weight", "expected": "[97, 32] floating",
                                                "found": "[96, 32] F32"}])
        self.assertEqual(report["not_finite"], [{"name": "encoder.block.0.layer.0.layer_norm.weight", "values": 2}])
        self.assertEqual(self.check("--quick", expect=4)["not_finite"], [])
        text = self.ditto("model", "check", "--weights", self.model, expect=4)
        self.assertRegex(text.stdout, rf"missing +{GAIN}\n")
        self.assertIn("1 missing, 1 unexpected, 1 misshaped, 1 with values that are not finite", text.stderr)

    def test_names_do_not_control_the_terminal(self):
        self.change(lambda tensors: tensors.update({"\x1b[31mred\n": ("F32", [1], bytes(4))}))
        text = self.ditto("model", "check", "--weights", self.model, "--tensors", expect=4).stdout
        self.assertNotIn("\x1b", text)
        self.assertIn("unexpected  \\x1b[31mred\\x0a\n", text)

    def test_broken_files_are_findings_too(self):
        path = self.model / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-5])
        self.assertIn("truncated", self.check(expect=4)["error"])
        config = json.loads((self.model / "config.json").read_text())
        (self.model / "config.json").write_text(json.dumps({**config, "architectures": ["GPT2Model"]}))
        self.assertIn("GPT2Model", self.check(expect=4)["error"])
        config.pop("d_ff")
        (self.model / "config.json").write_text(json.dumps(config))
        self.assertIn("d_ff is missing", self.check(expect=4)["error"])

    def test_what_is_not_there_is_a_usage_error(self):
        self.assertIn("doesn't exist", self.usage_error("model", "check", "--weights", "none"))


class InfoTest(ModelTest):
    def test_lists_classes(self):
        self.assertIn("UMT5EncoderModel", self.ditto("model", "info").stdout.splitlines())
        self.assertIn("UMT5EncoderModel", json.loads(self.ditto("model", "info", "--json").stdout)["classes"])

    def test_needs_no_weights(self):
        (self.model / "model.safetensors").unlink()
        report = json.loads(self.ditto("model", "info", "--weights", self.model, "--dtype", "bfloat16", "--json",
                                       "--tensors").stdout)
        self.assertEqual(report["entries"], [{"name": "forward", "tensors": ["input_ids", "attention_mask"],
                                              "arguments": ["lora", "lora_scale"]}])
        self.assertEqual(report["bytes"], 2 * report["parameters"])
        self.assertIn({"name": GAIN, "dtype": "BF16", "shape": [32], "bytes": 64}, report["tensors"])
        text = self.ditto("model", "info", "--weights", self.model).stdout
        self.assertRegex(text, r"entry +forward: tensors input_ids, attention_mask; arguments lora, lora_scale\n")


if __name__ == "__main__":
    unittest.main()
