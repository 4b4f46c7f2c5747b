"""Single-turn prompts of published chat templates: their bytes and token ids, for the reader to make too.

    python make_chat_goldens.py TEMPLATES DOCPROC MODEL > ../Fixtures/chat_prompts.json

TEMPLATES holds NAME.json files with `chat_template` and special tokens, as a tokenizer_config.json has
them, or NAME.jinja files. They are their authors', and none is committed. Jinja2 renders them, as
transformers does, with thinking off where that can be. The library tokenizers encodes the result, with
each family's control tokens added to a small vocabulary. DOCPROC is the program: its `model add` gives the pieces that are to give the same
ids. MODEL is any model's folder: its weights are not run. Needs jinja2 and tokenizers.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

SYSTEM = "You read documents."
USER = "  Who smokes, and why?\n\nIs <|im_end|> text?"
# Tokens that each family's vocabulary has beside the words.
CONTROL = {
    "minimax-m1": ["<begin_of_document>", "<beginning_of_sentence>", "<end_of_sentence>"],
    "minimax-m2": ["]~!b[", "]~b]", "[e~[", "<think>", "</think>"],
    "ling-v2": ["<role>", "</role>", "<|role_end|>", "<|startoftext|>"],
    "ring-mini-2.0": ["<role>", "</role>", "<|role_end|>", "<|startoftext|>", "<think>", "</think>"],
    "minicpm3": ["<s>", "</s>", "<|im_start|>", "<|im_end|>"],
    "qwen3": ["<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "qwen3-thinking": ["<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "smollm2": ["<|im_start|>", "<|im_end|>"],
}
SOURCES = {
    "minimax-m1": "MiniMax-AI/MiniMax-M1, tokenizer_config.json",
    "minimax-m2": "ggml-org/llama.cpp, models/templates/unsloth-MiniMax-M2.jinja, without its tools",
    "ling-v2": "inclusionAI/Ling-V2, config_sft/tokenizer_config.json",
    "ring-mini-2.0": "inclusionAI/Ling-V2, config_pretrain/tokenizer_config.json",
    "minicpm3": "OpenBMB/MiniCPM, minicpm_chat_template_with_tool.jinja",
    "qwen3": "QwenLM/Qwen3, qwen3_nonthinking.jinja",
    "qwen3-thinking": "Qwen3 0.6B to 32B, as programs that run its GGUF files quote it; without assistants' turns",
    "smollm2": "HuggingFaceTB/SmolLM2-1.7B-Instruct, as llama.cpp prints the template of its GGUF file",
}
# Words such as <think> are added to vocabularies as tokens that are not special.
ORDINARY = {"<think>", "</think>"}


def tokenizer_json(names):
    base = json.loads((Path(__file__).parents[1] / "Fixtures/tokenizers/gpt2-style/tokenizer.json").read_text())
    first = 1 + max(max(base["model"]["vocab"].values()), max(token["id"] for token in base["added_tokens"]))
    for index, name in enumerate(names):
        base["added_tokens"].append({
            "id": first + index, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": name not in ORDINARY})
    return base


def rendered(configuration, is_list):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)

    def refuse(message):
        raise ValueError(message)

    content = lambda text: [{"type": "text", "text": text}] if is_list else text
    tokens = {key: configuration.get(key, "") for key in ("bos_token", "eos_token")}
    return environment.from_string(configuration["chat_template"]).render(
        messages=[{"role": "system", "content": content(SYSTEM)}, {"role": "user", "content": content(USER)}],
        add_generation_prompt=True, enable_thinking=False, tools=None, raise_exception=refuse, **tokens)


def registered(program, model, tokenizer, configuration):
    """What `model add` makes of a folder with this template."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "source"
        folder.mkdir()
        for name in ("config.json", "model.safetensors"):
            os.symlink(Path(model).resolve() / name, folder / name)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        (folder / "tokenizer_config.json").write_text(json.dumps(configuration))
        subprocess.run(
            [program, "model", "add", str(folder), "--name", "made"], check=True, stdout=subprocess.DEVNULL,
            env=os.environ | {"DOCPROC_HOME": home})
        return json.loads((Path(home) / "models/made/prompt.json").read_text())


def main():
    templates, program, model = sys.argv[1:]
    families = []
    for path in sorted(Path(templates).iterdir()):
        name = path.stem
        configuration = json.loads(path.read_text()) if path.suffix == ".json" else {"chat_template": path.read_text()}
        tokenizer = tokenizer_json(CONTROL[name])
        text = rendered(configuration, is_list=name == "minimax-m1")
        encoder = Tokenizer.from_str(json.dumps(tokenizer))
        # The user's own words are text: the library would see a token in them.
        before, after = text.split(USER)
        marked = USER.replace("<|im_end|>", "\uE000")
        ids = encoder.encode(before + marked + after, add_special_tokens=False).ids
        families.append({
            "name": name, "source": SOURCES[name], "control": CONTROL[name], "rendered": text,
            "marked_ids": ids, "prompt": registered(program, model, tokenizer, configuration)})
    print(json.dumps({"system": SYSTEM, "user": USER, "marked_user": marked, "families": families}, ensure_ascii=False, indent=1))


main()
