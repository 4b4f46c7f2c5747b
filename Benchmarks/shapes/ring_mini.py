#!/usr/bin/env python3
"""Writes a model of Ring-mini-linear-2.0's published shape with random 4-bit weights.

    ring_mini.py OUT --tokenizer TOKENIZER.JSON

16.4 billion parameters, 9.4 GB, in the layout that `docproc model quantize --to int4` writes, so
that a host is measured without a download. The tokenizer is any byte-level BPE one of fewer
tokens, filled up to the model's vocabulary. The template is as short as a thinking model's can be.
The shape is that of arXiv 2510.19338 and of the published config.json.
"""
import argparse
import json
import pathlib
import struct

import numpy

HIDDEN, LAYERS, GROUP, HEADS, KEY_HEADS, HEAD_DIM = 2048, 20, 5, 16, 4, 128
EXPERTS, ACTIVE, EXPERT_WIDTH, DENSE_WIDTH, VOCABULARY = 256, 8, 512, 5120, 157_184
PANEL, SPREAD = 64, 0.02  # outputs a panel; standard deviation of the weights
SPECIAL = {
    156_891: "<|startoftext|>", 156_892: "<|endoftext|>", 156_895: "<|role_end|>",
    156_903: "<think>", 156_904: "</think>", 157_151: "<role>", 157_152: "</role>"}
TEMPLATE = (
    "{% for m in messages %}<role>{{ 'HUMAN' if m.role == 'user' else 'SYSTEM' }}</role>"
    "{{ m.content }}<|role_end|>{% endfor %}"
    "{% if add_generation_prompt %}<role>ASSISTANT</role><think>\n{% endif %}")

CONFIG = {
    "architectures": ["BailingMoeLinearV2ForCausalLM"], "model_type": "bailing_moe_linear",
    "vocab_size": VOCABULARY, "hidden_size": HIDDEN, "intermediate_size": DENSE_WIDTH,
    "num_hidden_layers": LAYERS, "layer_group_size": GROUP, "first_k_dense_replace": 1,
    "num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS, "head_dim": HEAD_DIM,
    "max_position_embeddings": 131_072, "partial_rotary_factor": 0.5, "rope_theta": 600_000,
    "rms_norm_eps": 1e-6, "group_norm_size": 4, "use_qk_norm": True, "hidden_act": "silu",
    "num_experts": EXPERTS, "num_experts_per_tok": ACTIVE, "num_shared_experts": 1,
    "n_group": 8, "topk_group": 4, "moe_intermediate_size": EXPERT_WIDTH,
    "score_function": "sigmoid", "norm_topk_prob": True, "routed_scaling_factor": 2.5,
    "moe_router_enable_expert_bias": True, "tie_word_embeddings": False, "eos_token_id": 156_892,
    "quantization_config": {"quant_method": "docproc", "weights": "int4"}}


def tensors():
    """(name, shape, form) of every tensor, in the order of the file."""
    width, keys = HEADS * HEAD_DIM, KEY_HEADS * HEAD_DIM
    yield "model.word_embeddings.weight", (VOCABULARY, HIDDEN), "int8"
    for layer in range(CONFIG["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        softmax = (layer + 1) % GROUP == 0
        attention = prefix + "attention."
        outputs = width + 2 * keys if softmax else 3 * width
        yield attention + "query_key_value.weight", (outputs, HIDDEN), "int4"
        yield attention + "dense.weight", (HIDDEN, width), "int4"
        if not softmax:
            yield attention + "g_proj.weight", (width, HIDDEN), "int4"
            yield attention + "g_norm.weight", (width,), "ones"
        for norm in ("query_layernorm", "key_layernorm"):
            yield attention + norm + ".weight", (HEAD_DIM,), "ones"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield prefix + norm + ".weight", (HIDDEN,), "ones"
        yield from feed_forward(prefix + "mlp.", dense=layer == 0)
    yield "model.norm.weight", (HIDDEN,), "ones"
    yield "lm_head.weight", (VOCABULARY, HIDDEN), "int8"


def feed_forward(prefix, dense):
    if dense:
        yield from gated(prefix, DENSE_WIDTH)
        return
    yield prefix + "gate.weight", (EXPERTS, HIDDEN), "wide"
    yield prefix + "gate.expert_bias", (EXPERTS,), "zeros"
    for expert in range(EXPERTS):
        yield from gated(f"{prefix}experts.{expert}.", EXPERT_WIDTH)
    yield from gated(prefix + "shared_experts.", EXPERT_WIDTH)


def gated(prefix, width):
    yield prefix + "gate_proj.weight", (width, HIDDEN), "int4"
    yield prefix + "up_proj.weight", (width, HIDDEN), "int4"
    yield prefix + "down_proj.weight", (HIDDEN, width), "int4"


def stored(shape, form):
    """safetensors' type and shape, and bytes."""
    if form in ("int4", "int8"):
        group, block = (32, 64 * 16 + 4 * 64) if form == "int4" else (64, 64 * 64 + 2 * 64)
        packed = [-(-shape[0] // PANEL), shape[1] // group, block]
        return "U8", packed, int(numpy.prod(packed))
    return "F32", list(shape), 4 * int(numpy.prod(shape))


def contents(random, shape, form):
    """The bytes of one tensor: random weights, and one scale for all of them."""
    if form in ("ones", "zeros"):
        return numpy.full(shape, float(form == "ones"), numpy.float32).tobytes()
    if form == "wide":
        return (random.standard_normal(shape, numpy.float32) * SPREAD).tobytes()
    _, packed, size = stored(shape, form)
    blocks = numpy.frombuffer(random.bytes(size), numpy.uint8).reshape(packed).copy()
    if form == "int4":
        scale = numpy.float16(SPREAD / 4.61)  # the deviation of 0 ... 15
        tail = numpy.repeat(numpy.array([scale, -7.5 * scale], numpy.float16), PANEL)
    else:
        bits = numpy.float32(SPREAD / 73.9).view(numpy.uint32) >> 16  # bfloat16; of 0 ... 255
        tail = numpy.repeat(numpy.array([bits], numpy.uint16), PANEL)
    blocks[:, :, -tail.nbytes:] = tail.view(numpy.uint8)
    return blocks.tobytes()


def write_weights(path, seed):
    plan, header, offset = list(tensors()), {"__metadata__": {"format": "pt"}}, 0
    for name, shape, form in plan:
        kind, packed, size = stored(shape, form)
        header[name] = {"dtype": kind, "shape": packed, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = numpy.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape, form in plan:
            file.write(contents(random, shape, form))
    return offset


def write_tokenizer(source, path):
    tokenizer = json.loads(pathlib.Path(source).read_text())
    taken = set(SPECIAL.values())
    vocabulary = {(f"old{id}" if token in taken else token): id
                  for token, id in tokenizer["model"]["vocab"].items()}
    for id in range(len(vocabulary), VOCABULARY):
        if id not in SPECIAL:
            vocabulary[f"\u0120w{id}"] = id
    vocabulary.update({token: id for id, token in SPECIAL.items()})
    tokenizer["model"]["vocab"] = vocabulary
    tokenizer["added_tokens"] = [
        {"id": id, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": "think" not in token}
        for id, token in sorted(SPECIAL.items())]
    path.write_text(json.dumps(tokenizer, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, help="a folder that does not exist")
    parser.add_argument("--tokenizer", required=True, help="a byte-level BPE tokenizer.json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=LAYERS, help="fewer make a slice of the model")
    arguments = parser.parse_args()
    CONFIG["num_hidden_layers"] = arguments.layers
    arguments.out.mkdir(parents=True)
    (arguments.out / "config.json").write_text(json.dumps(CONFIG, indent=2))
    (arguments.out / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": TEMPLATE, "eos_token": "<|endoftext|>"}))
    (arguments.out / "generation_config.json").write_text(json.dumps(
        {"eos_token_id": [156_892, 156_895], "do_sample": True, "temperature": 0.6, "top_p": 1.0}))
    write_tokenizer(arguments.tokenizer, arguments.out / "tokenizer.json")
    size = write_weights(arguments.out / "model.safetensors", arguments.seed)
    print(f"{arguments.out}: {size / 1e9:.1f} GB of weights")


if __name__ == "__main__":
    main()
