"""Model folders, merged by the gpumerge program, are loaded by the libraries they are for."""

import filecmp
import json
import unittest

from folder_case import SEEDS, FolderTestCase, mean

import huggingface_hub
import peft
import safetensors.torch
import sentence_transformers
import timm
import torch
import transformers

import library_folders
import model_folders


class ModelFolderTests(FolderTestCase):
    def check_architecture(self, name, save, **options):
        build, auto, inputs = model_folders.ARCHITECTURES[name]
        models, folders = self.models(build, save, **options)
        arguments = ["--max-shard-size", options["max_shard_size"]] if options else []
        output = self.merged(folders, *arguments)
        loaded = self.load(auto, output)
        self.assert_same(loaded.state_dict(), mean([model.state_dict() for model in models]))
        self.assert_runs(loaded, inputs)
        return output

    # transformers

    def test_every_architecture_saved_as_safetensors(self):
        for name in model_folders.ARCHITECTURES:
            with self.subTest(name):
                self.setUp()
                self.check_architecture(name, model_folders.save)

    def test_every_architecture_saved_as_pytorch_model_bin(self):
        for name in model_folders.ARCHITECTURES:
            with self.subTest(name):
                self.setUp()
                self.check_architecture(name, model_folders.save_bin)

    def test_every_architecture_without_its_head(self):
        """AutoModel takes the backbone alone, whatever the weights' names begin with."""
        for name, (build, _, inputs) in model_folders.ARCHITECTURES.items():
            with self.subTest(name):
                self.setUp()
                models, folders = self.models(build, model_folders.save)
                output = self.merged(folders)
                average = build()
                average.load_state_dict(mean([model.state_dict() for model in models]))
                average.save_pretrained(self.folder / "average")
                expected, merged = (
                    transformers.AutoModel.from_pretrained(folder).eval()
                    for folder in (self.folder / "average", output)
                )
                self.assertEqual(type(merged), type(expected))
                # What the models lack, such as a pooler, begins with random weights.
                present = average.state_dict()
                expected, found = (
                    {key: tensor for key, tensor in model.state_dict().items()
                     if any(name == key or name.endswith("." + key) for name in present)}
                    for model in (expected, merged)
                )
                self.assertGreater(len(found), len(present) // 2)
                self.assert_same(found, expected)
                self.assert_runs(merged, inputs)

    def test_a_variant(self):
        build, auto, inputs = model_folders.ARCHITECTURES["bert"]
        models, folders = self.models(build, model_folders.save)
        halves = [model.half() for model in models]
        for half, folder in zip(halves, folders):
            half.save_pretrained(folder, variant="fp16", max_shard_size="20kB")
            self.assertTrue((folder / "model.safetensors").exists())
            self.assertTrue(list(folder.glob("model.fp16-00001-of-*.safetensors")))
        output = self.merged(folders, "--variant", "fp16")
        loaded = self.load(auto, output, dtype="auto")
        self.assertEqual(loaded.dtype, torch.float16)
        self.assert_same(loaded.state_dict(), mean([half.state_dict() for half in halves]))
        self.assert_runs(loaded.float(), inputs)

    def test_tied_weights_saved_once_and_twice(self):
        """Version 5 leaves the head out where it is the embedding; PyTorch's files have both."""
        for first, second in ("save", "save_bin"), ("save_bin", "save"):
            with self.subTest(first):
                self.setUp()
                build, auto, inputs = model_folders.ARCHITECTURES["tied_llama"]
                models = [model_folders.randomized(build(), seed) for seed in SEEDS[:2]]
                folders = [self.folder / "model-1", self.folder / "model-2"]
                getattr(model_folders, first)(models[0], folders[0])
                getattr(model_folders, second)(models[1], folders[1])
                output = self.merged(folders)
                loaded = self.load(auto, output)
                states = [model.state_dict() for model in models]
                self.assert_same(loaded.state_dict(), mean(states))
                embedding = loaded.get_input_embeddings().weight
                self.assertIs(loaded.get_output_embeddings().weight, embedding)
                self.assert_runs(loaded, inputs)
                # Nothing is written twice.
                size = sum(path.stat().st_size for path in output.glob("*.safetensors"))
                elements = sum(parameter.numel() for parameter in loaded.parameters())
                self.assertLess(size, 4 * elements + 10_000)

    def test_shards_and_their_index(self):
        for name in ("llama", "tied_llama", "whisper"):
            with self.subTest(name):
                self.setUp()
                output = self.check_architecture(name, model_folders.save, max_shard_size="20kB")
                index = json.loads((output / "model.safetensors.index.json").read_text())
                shards = sorted(path.name for path in output.glob("*.safetensors"))
                self.assertGreater(len(shards), 2)
                self.assertEqual(sorted(set(index["weight_map"].values())), shards)
                tensors = {}
                for shard in shards:
                    part = safetensors.torch.load_file(output / shard)
                    self.assertEqual(
                        sorted(part), sorted(k for k, v in index["weight_map"].items() if v == shard)
                    )
                    tensors |= part
                size = sum(tensor.nbytes for tensor in tensors.values())
                self.assertEqual(index["metadata"]["total_size"], size)

    def test_the_shards_are_loaded_by_huggingface_hub(self):
        models, folders = self.models(model_folders.llama, model_folders.save)
        output = self.merged(folders, "--max-shard-size", "20kB")
        model = model_folders.llama()
        huggingface_hub.load_torch_model(model, output, strict=True)
        self.assert_same(model.state_dict(), mean([model.state_dict() for model in models]))

    def test_another_type_is_told_in_all_configurations(self):
        build, auto, inputs = model_folders.ARCHITECTURES["clip"]
        models, folders = self.models(build, model_folders.save)
        for folder in folders:  # As version 4 and other versions of 5 write it.
            path = folder / "config.json"
            config = json.loads(path.read_text())
            self.assertEqual(config["dtype"], "float32")
            config["torch_dtype"] = "float32"
            config["text_config"]["torch_dtype"] = "float32"
            config["vision_config"]["dtype"] = "float32"
            path.write_text(json.dumps(config, indent=2))
        output = self.merged(folders, "--dtype", "bfloat16")
        config = json.loads((output / "config.json").read_text())
        self.assertEqual(config["dtype"], "bfloat16")
        self.assertEqual(config["torch_dtype"], "bfloat16")
        self.assertEqual(config["text_config"]["torch_dtype"], "bfloat16")
        self.assertEqual(config["vision_config"]["dtype"], "bfloat16")
        text = (output / "config.json").read_text()
        self.assertEqual(text.count('"bfloat16"'), 4)
        before = (folders[0] / "config.json").read_text()
        self.assertEqual(text.replace('"bfloat16"', '"float32"'), before)
        model = self.load(auto, output)
        self.assertEqual({parameter.dtype for parameter in model.parameters()}, {torch.bfloat16})

    def test_the_tokenizer_is_the_first_models(self):
        _, folders = self.models(model_folders.llama, model_folders.save)
        output = self.merged(folders)
        first = transformers.AutoTokenizer.from_pretrained(folders[0])
        merged = transformers.AutoTokenizer.from_pretrained(output)
        text = "word1 word59 other </s>"
        self.assertEqual(merged.encode(text), first.encode(text))
        self.assertEqual(merged.chat_template, first.chat_template)
        self.assertEqual(set(merged.chat_template), {"default", "tool_use"})
        for name in ("config.json", "generation_config.json", "tokenizer.json"):
            self.assertEqual((output / name).read_bytes(), (folders[0] / name).read_bytes())

    # Other libraries

    def test_adapters(self):
        folders = [self.folder / f"adapter-{seed}" for seed in SEEDS]
        for folder, seed in zip(folders, SEEDS):
            library_folders.save_adapter(folder, seed)
        output = self.merged(folders, "--max-shard-size", "1kB")
        names = {path.name for path in output.iterdir()}
        self.assertEqual(
            names,
            {"adapter_model.safetensors", "adapter_config.json", "README.md", "gpumerge.yml"},
        )
        states = [peft.load_peft_weights(folder, device="cpu") for folder in [*folders, output]]
        self.assert_same(states[-1], mean(states[:-1]))
        base = model_folders.randomized(model_folders.llama(), 0)
        model = peft.PeftModel.from_pretrained(base, output)
        loaded = peft.get_peft_model_state_dict(model)
        self.assert_same(loaded, states[-1])
        self.assert_runs(model, dict(input_ids=model_folders.IDS))

    def test_sentence_transformers(self):
        folders = [self.folder / f"model-{seed}" for seed in SEEDS]
        for folder, seed in zip(folders, SEEDS):
            library_folders.save_sentence_transformer(folder, seed)
        output = self.merged(folders)
        models = [
            sentence_transformers.SentenceTransformer(str(folder), device="cpu")
            for folder in [*folders, output]
        ]
        merged = models.pop()
        self.assert_same(merged.state_dict(), mean([model.state_dict() for model in models]))
        self.assertEqual([type(part) for part in merged], [type(part) for part in models[0]])
        vector = merged.encode("word1 word2")
        self.assertAlmostEqual(float((vector**2).sum()), 1, places=5)
        self.assertEqual(merged.max_seq_length, models[0].max_seq_length)

    def test_timm(self):
        models = []
        for seed in SEEDS:
            model = timm.create_model("resnet10t", num_classes=5, pretrained=False)
            models.append(model_folders.randomized(model, seed))
            timm.models.save_for_hf(
                models[-1], self.folder / f"model-{seed}", safe_serialization=True
            )
        output = self.merged([self.folder / f"model-{seed}" for seed in SEEDS])
        loaded = timm.create_model(f"local-dir:{output}", pretrained=True).eval()
        self.assert_same(loaded.state_dict(), mean([model.state_dict() for model in models]))
        self.assertEqual(loaded.num_classes, 5)

    # What else a folder holds

    def test_a_folder_can_become_one_file(self):
        models, folders = self.models(
            model_folders.resnet, model_folders.save, max_shard_size="20kB"
        )
        expected = mean([model.state_dict() for model in models])
        paths = [folder.name for folder in folders]
        self.gpumerge(*paths, "-o", "merged.safetensors")
        self.assert_same(
            safetensors.torch.load_file(self.folder / "merged.safetensors"), expected
        )
        self.gpumerge(*paths, "-o", "merged.bin")
        for mmap in (False, True):
            tensors = torch.load(self.folder / "merged.bin", weights_only=True, mmap=mmap)
            self.assert_same(tensors, expected)

    def test_the_recipe_makes_the_same_folder_again(self):
        _, folders = self.models(model_folders.llama, model_folders.save, max_shard_size="20kB")
        output = self.merged(
            folders[1:], "--method", "dare_simple_average", "--base", folders[0].name,
            "--sparsity-ratio", "0.3", "--seed", 2**64 - 1, "--dtype", "float16",
            "--max-shard-size", "20kB",
        )
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.gpumerge("--config", "merged/gpumerge.yml", "-o", "again/")
        self.gpumerge("--config", output / "gpumerge.yml", "-o", "../once-more/", folder=elsewhere)
        names = sorted(str(path.relative_to(output)) for path in output.rglob("*"))
        for again in (self.folder / "again", self.folder / "once-more"):
            self.assertEqual(sorted(str(path.relative_to(again)) for path in again.rglob("*")), names)
            files = [name for name in names if (output / name).is_file()]
            same, different, errors = filecmp.cmpfiles(output, again, files, shallow=False)
            self.assertEqual((different, errors), ([], []))
            self.assertGreater(len(same), 8)

    def test_the_model_card_is_read_by_huggingface_hub(self):
        _, folders = self.models(model_folders.bert, model_folders.save)
        hostile = self.folder / "a | ``` \n---\ntags: [x] <b> [l](http:x) \u202e\"'"
        folders[1].rename(hostile)
        output = self.merged([folders[0], hostile], "--weights", "0.25,0.75")
        card = huggingface_hub.ModelCard.load(output / "README.md")
        self.assertEqual(card.data.tags, ["merge", "gpumerge", "weighted_average"])
        self.assertEqual(card.data.library_name, "transformers")
        # The Hub refuses cards that name anything but its own repositories here.
        self.assertIsNone(card.data.base_model)
        self.assertIn("| `../model-1` | 0.25 |", card.text)
        self.assertNotIn("<b>", card.text.split("## Recipe")[0])
        self.gpumerge("--config", "merged/gpumerge.yml", "-o", "again/")
        for name in ("README.md", "gpumerge.yml"):
            again = (self.folder / "again" / name).read_bytes()
            self.assertEqual(again, (output / name).read_bytes())


if __name__ == "__main__":
    unittest.main()
