"""ditto model check on the published checkpoints, as files that have every name and shape and no data."""

import json
import os
import pathlib
import shutil
import time
import unittest

import sparse_model
from harness import DITTO, TestCase

PUBLISHED = json.loads((pathlib.Path(__file__).resolve().parents[1] / "reference" / "fixtures" /
                        "published.json").read_text())
TRANSFORMERS = [name for name in PUBLISHED if "T2V" in name or "VACE" in name]


def tensors_of(name, dtype="BF16"):
    return {key: (dtype, shape) for key, shape in sparse_model.unfolded(PUBLISHED[name]["tensors"]).items()}


def parameters(tensors):
    return sum(sparse_model.size_of("U8", shape) for _, shape in tensors.values())


class PublishedTest(TestCase):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"

    def check(self, path, expect=0):
        return json.loads(self.ditto("model", "check", "--weights", path, "--json", expect=expect).stdout)

    def whole(self, path, class_name, tensors):
        """Every name and shape of the file is one of the class's, and the other way round."""
        report = self.check(path)
        self.assertTrue(report["ok"])
        self.assertEqual(report["class"], class_name)
        self.assertEqual(report["parameters"], parameters(tensors))
        return report

    def single(self, tensors, name="model.safetensors"):
        path = self.folder / name
        sparse_model.write_file(path, tensors)
        return path


class DirectoryTest(PublishedTest):
    def test_directories_as_published(self):
        for name, one in PUBLISHED.items():
            if one["config"] is None:
                continue
            with self.subTest(name):
                shutil.rmtree(self.model, ignore_errors=True)
                text = name.startswith(("umT5", "Qwen"))
                dtype = "F32" if "Wan2.2" in name else "BF16"
                tensors = tensors_of(name, dtype)
                sparse_model.write_directory(self.model, one["config"], tensors,
                                             "model" if text else "diffusion_pytorch_model")
                class_name = one["config"].get("_class_name") or one["config"]["architectures"][0]
                report = self.whole(self.model, class_name, tensors)
                layouts = {"(original)": "original Wan", "(modules)": "transformers modules"}
                self.assertEqual(report.get("layout"), layouts.get(name.split()[-1]))
                self.assertEqual(list(report["dtypes"]), [dtype])

    def test_a_head_that_should_be_tied_is_missing(self):
        one = PUBLISHED["Qwen2.5-VL-3B"]
        tensors = tensors_of("Qwen2.5-VL-3B")
        sparse_model.write_directory(self.model, one["config"] | {"tie_word_embeddings": False}, tensors, "model")
        self.assertEqual(self.check(self.model, expect=4)["missing"], ["lm_head.weight"])
        shutil.rmtree(self.model)
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
        sparse_model.write_directory(self.model, one["config"], tensors, "model")  # a copy does no harm
        self.assertTrue(self.check(self.model)["ok"])

    def test_a_pipeline_of_two_experts(self):
        index = {"_class_name": "WanPipeline", "boundary_ratio": 0.875,
                 "scheduler": ["diffusers", "UniPCMultistepScheduler"],
                 "text_encoder": ["transformers", "UMT5EncoderModel"],
                 "tokenizer": ["transformers", "T5TokenizerFast"], "vae": ["diffusers", "AutoencoderKLWan"]}
        parts = {"transformer": "Wan2.2-T2V-A14B", "transformer_2": "Wan2.2-T2V-A14B", "vae": "Wan2.1-VAE",
                 "text_encoder": "umT5-XXL"}
        total = 0
        for part, name in parts.items():
            tensors = tensors_of(name, "F32" if part.startswith("transformer") else "BF16")
            total += parameters(tensors)
            sparse_model.write_directory(self.model / part, PUBLISHED[name]["config"], tensors,
                                         "model" if part == "text_encoder" else "diffusion_pytorch_model")
            index.setdefault(part, ["diffusers", "WanTransformer3DModel"])
        (self.model / "model_index.json").write_text(json.dumps(index))
        begin = time.monotonic()
        report = self.check(self.model)
        self.assertLess(time.monotonic() - begin, 20)
        self.assertTrue(report["ok"])
        self.assertEqual(set(report["components"]), set(parts))
        self.assertEqual(report["parameters"], total)

    def test_memory_is_small(self):
        one = PUBLISHED["Wan2.1-VACE-14B"]
        sparse_model.write_directory(self.model, one["config"], tensors_of("Wan2.1-VACE-14B"))
        output = os.open(os.devnull, os.O_WRONLY)
        child = os.posix_spawn(DITTO, [DITTO, "model", "check", "--weights", str(self.model)], os.environ,
                               file_actions=[(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)])
        os.close(output)
        _, status, usage = os.wait4(child, 0)
        self.assertEqual(status, 0)
        self.assertLess(usage.ru_maxrss, 300 * 1024)  # KiB; most of it is LibTorch itself


class SingleFileTest(PublishedTest):
    """Files without a config.json: everything follows from names and shapes."""

    def test_original_names(self):
        for name in TRANSFORMERS:
            if "original" not in name:
                continue
            tensors = tensors_of(name, "F16")
            class_name = "WanVACETransformer3DModel" if "VACE" in name else "WanTransformer3DModel"
            for prefix in ("", "model.diffusion_model.", "diffusion_model.") if "VACE-14B" in name else ("",):
                with self.subTest(f"{name} {prefix}"):
                    path = self.single({prefix + key: one for key, one in tensors.items()})
                    self.whole(path, class_name, tensors)

    def test_names_of_diffusers(self):
        for name, prefix in (("Wan2.1-T2V-1.3B", "model."), ("Wan2.1-VACE-14B", ""),
                             ("Wan2.1-VACE-14B", "model.diffusion_model.")):
            with self.subTest(f"{name} {prefix}"):
                tensors = tensors_of(name)
                class_name = "WanVACETransformer3DModel" if "VACE" in name else "WanTransformer3DModel"
                self.whole(self.single({prefix + key: one for key, one in tensors.items()}), class_name, tensors)

    def test_autoencoder(self):
        for name in ("Wan2.1-VAE (original)", "Wan2.2-VAE (original)"):
            tensors = tensors_of(name)
            for prefix in ("", "model.", "vae.", "first_stage_model."):
                with self.subTest(f"{name} {prefix}"):
                    self.whole(self.single({prefix + key: one for key, one in tensors.items()}), "AutoencoderKLWan",
                               tensors)

    def test_all_in_one_file(self):
        """As ComfyUI saves a checkpoint."""
        parts = {"transformer": ("Wan2.1-T2V-14B (original)", "model.diffusion_model."),
                 "vae": ("Wan2.1-VAE (original)", "vae."), "text_encoder": ("umT5-XXL", "text_encoders.umt5xxl.transformer.")}
        tensors, total = {"text_encoders.spiece_model": ("U8", [4548313])}, 0
        for name, prefix in parts.values():
            part = tensors_of(name)
            total += parameters(part)
            tensors |= {prefix + key: one for key, one in part.items()}
        path = self.single(tensors, "rapid-aio.safetensors")
        report = self.check(path)
        self.assertTrue(report["ok"])
        self.assertEqual(set(report["components"]), set(parts))
        self.assertEqual(report["parameters"], total)
        self.whole(f"{path}#vae", "AutoencoderKLWan", tensors_of(parts["vae"][0]))
        self.whole(f"{path}#text_encoder", "UMT5EncoderModel", tensors_of(parts["text_encoder"][0]))
        self.assertIn("it has #transformer, #text_encoder, #vae", self.check(f"{path}#clip", expect=4)["error"])
        run = self.ditto("model", "run", "--weights", path, "--inputs", "a", "--outputs", "b", expect=1)
        self.assertIn("holds several models", run.stderr)
        del tensors["vae.conv1.bias"]
        tensors["clip_vision.x"] = ("F32", [1])
        report = self.check(self.single(tensors, "rapid-aio.safetensors"), expect=4)
        self.assertEqual(report["missing"], ["vae/quant_conv.bias"])
        self.assertEqual(report["unexpected"], ["clip_vision.x"])

    def test_vace_module_beside_its_base(self):
        """WanVideoWrapper keeps VACE's branch in a file of its own."""
        tensors = tensors_of("Wan2.1-VACE-14B (original)")
        module = {key: one for key, one in tensors.items() if key.startswith("vace_")}
        base = {key: one for key, one in tensors.items() if key not in module}
        path = self.single(module, "Wan2_1-VACE_module_14B_bf16.safetensors")
        self.assertIn("control branch alone", self.check(path, expect=4)["error"])
        self.single(base, "Wan2_1-T2V-14B_fp8_e4m3fn.safetensors")
        self.whole(self.folder, "WanVACETransformer3DModel", tensors)

    def test_text_encoder(self):
        for name in ("umT5-XXL", "umT5-XXL (original)"):
            with self.subTest(name):
                tensors = tensors_of(name)
                more = {} if "original" in name else {"spiece_model": ("U8", [4548313])}
                self.whole(self.single({**tensors, **more}), "UMT5EncoderModel", tensors)
        # Which of two tied names a file has is up to who saved it.
        tensors = tensors_of("umT5-XXL")
        other = dict(tensors)
        other["encoder.embed_tokens.weight"] = other.pop("shared.weight")
        self.whole(self.single(other), "UMT5EncoderModel", tensors)

    def test_vision_language(self):
        for name in (key for key in PUBLISHED if key.startswith("Qwen2.5-VL")):
            with self.subTest(name):
                tensors = tensors_of(name)
                self.whole(self.single(tensors, "qwen.safetensors"), "Qwen2_5_VLForConditionalGeneration", tensors)

    def test_vision_language_as_comfyui_has_it(self):
        tensors = tensors_of("Qwen2.5-VL-7B")
        scaled = {"scaled_fp8": ("F8_E4M3", [2])}
        for key, (dtype, shape) in tensors.items():
            linear = "layers." in key and key.endswith("proj.weight")
            scaled[key] = ("F8_E4M3" if linear else dtype, shape)
            if linear:
                scaled[key.removesuffix("weight") + "scale_weight"] = ("F32", [])
        class_name = "Qwen2_5_VLForConditionalGeneration"
        self.whole(self.single(scaled, "qwen_2.5_vl_7b_fp8_scaled.safetensors"), class_name, tensors)
        prefix = "text_encoders.qwen25_7b.transformer."
        several = {prefix + key: one for key, one in scaled.items()}
        several |= {"vae." + key: one for key, one in tensors_of("Wan2.1-VAE (original)").items()}
        self.whole(f"{self.single(several, 'aio.safetensors')}#text_encoder", class_name, tensors)

    def test_what_a_file_does_not_say(self):
        tensors = tensors_of("Qwen2.5-VL-7B")
        del tensors["visual.merger.mlp.2.weight"]
        error = self.check(self.single(tensors, "qwen.safetensors"), expect=4)["error"]
        self.assertIn("there is no visual.merger.mlp.2.weight", error)
        self.assertIn("config.json", error)
        tensors = {key: (dtype, [60 if size == 3584 else size for size in shape])
                   for key, (dtype, shape) in tensors_of("Qwen2.5-VL-7B").items()}
        error = self.check(self.single(tensors, "qwen.safetensors"), expect=4)["error"]
        self.assertIn("model.embed_tokens.weight is 60 wide", error)

    def quantised(self, name, scale, shape_of_scale, more=None, stored="F8_E4M3"):
        """Linear weights of the blocks in a small dtype with a scale beside each, as `scale` names it."""
        tensors = {}
        for key, (dtype, shape) in tensors_of(name).items():
            linear = "blocks." in key and key.endswith(".weight") and len(shape) == 2
            tensors[key] = (stored if linear else dtype, shape)
            if linear:
                for suffix in [scale] + (more or []):
                    tensors[key.removesuffix("weight") + suffix] = ("F32", shape_of_scale(shape))
        return tensors

    def test_quantised_weights_with_scales(self):
        name = "Wan2.1-VACE-14B (original)"
        expected = tensors_of(name)
        marker = {"scaled_fp8": ("F8_E4M3", [2])}
        for tensors in (
                self.quantised(name, "scale_weight", lambda shape: [1], ["scale_input"]) | marker,
                self.quantised(name, "scale_weight", lambda shape: []) | {"scaled_fp8": ("F8_E4M3", [0])},
                self.quantised(name, "weight_scale", lambda shape: [shape[0], 1]),
                self.quantised(name, "weight_scale", lambda shape: [shape[0], 1], stored="I8"),
                self.quantised(name, "weight_scale", lambda shape: [], ["input_scale"]),
                {key: ("F8_E4M3", shape) for key, (_, shape) in expected.items()}):
            prefixed = {"model.diffusion_model." + key: one for key, one in tensors.items()}
            self.whole(self.single(prefixed), "WanVACETransformer3DModel", expected)

    def test_a_scale_without_its_weight_is_unexpected(self):
        tensors = tensors_of("Wan2.1-T2V-1.3B (original)")
        tensors["blocks.0.self_attn.q.scale_weight"] = ("F32", [])
        report = self.check(self.single(tensors), expect=4)
        self.assertEqual(len(report["unexpected"]), 1)

    def test_pickled_files_are_named_as_such(self):
        for name, content, said in (
                ("models_t5_umt5-xxl-enc-bf16.pth", b"PK\x03\x04" + bytes(64), "pickled"),
                ("old.pt", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + bytes(64), "pickled"),
                ("wan.gguf", b"GGUF" + bytes(64), "GGUF"),
                ("wan.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS")):
            path = self.folder / name
            path.write_bytes(content)
            message = self.check(path, expect=4)["error"]
            self.assertIn(name, message)
            self.assertIn(said, message)


if __name__ == "__main__":
    unittest.main()
