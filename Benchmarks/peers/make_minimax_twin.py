#!/usr/bin/env python3
"""Makes a MiniMax-shaped hybrid with random weights that docproc, transformers and llama.cpp all read.

    make_minimax_twin.py OUT --tools DIR/bin            writes OUT/hf and OUT/{F32,BF16,Q8_0,Q4_0}.gguf
    make_minimax_twin.py OUT --tools DIR/bin --check    compares the engines' logits after 300 tokens

Speed depends on the shape only. The shape is SmolLM2-135M's (576 wide, 9 heads of 64, 3 of keys
and values, 1,536 in the feed-forward, 49,152 tokens, tied) with MiniMax-Text-01's layers: every
eighth softmax, the others lightning, blocks of 256, no decay of the residual. 129.6M parameters.

Nine heads are no power of two, for which the authors' slopes and transformers' differ. Both
transformers and llama.cpp compute 2^(-8(h+1)/heads); docproc computes the authors' but prefers
the slopes that a folder states. So the folder states them, in float32: rounded to bfloat16
they would be another model.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

SEED = 20250108
FORMATS = ("BF16", "Q8_0", "Q4_0")
CHECK_TOKENS = 300
# For float32 against float32, with llama.cpp's keys and values in float16.
CHECK_LIMIT = 1e-4


def config():
    from transformers import MiniMaxConfig

    layers, softmax_every = 24, 8
    return MiniMaxConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=layers,
        num_attention_heads=9,
        num_key_value_heads=3,
        head_dim=64,
        num_local_experts=1,
        num_experts_per_tok=1,
        layer_types=["full_attention" if (i + 1) % softmax_every == 0 else "linear_attention" for i in range(layers)],
        block_size=256,
        max_position_embeddings=1 << 20,
        rope_parameters={"rope_type": "default", "rope_theta": 1e7},
        # transformers' lightning norm has 1e-6 whatever is stated; llama.cpp takes what is stated for all.
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )


# --- Hugging Face folder


def random_model():
    from transformers import MiniMaxForCausalLM

    model = MiniMaxForCausalLM(config()).eval()
    generator = torch.Generator().manual_seed(SEED)
    for parameter in model.parameters():
        parameter.data = scaled(torch.randn(parameter.shape, generator=generator)).to(torch.bfloat16)
    return model


def scaled(noise):
    """transformers' own scale, at which rounding stays small through 24 layers (at unit gain it
    grows a hundredfold), and norms that differ from 1, so that a misplaced one shows."""
    return 1 + 0.1 * noise if noise.ndim == 1 else 0.02 * noise


def write_folder(model, folder):
    # transformers' tables of powers of the slopes follow from the slopes: 50 MB for nothing.
    tables = ("query_decay", "key_decay", "diagonal_decay")
    state = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith(tables)}
    model.save_pretrained(folder, state_dict=state)


# --- GGUF


def write_gguf(model, path):
    from gguf import GGUFWriter

    writer = GGUFWriter(str(path), "minimax-01")
    add_keys(writer, model.config)
    state = model.state_dict()
    writer.add_tensor("token_embd.weight", float32(state["model.embed_tokens.weight"]))
    writer.add_tensor("output_norm.weight", float32(state["model.norm.weight"]))
    for index, layer_type in enumerate(model.config.layer_types):
        for name, tensor in layer_tensors(state, f"model.layers.{index}.", layer_type):
            writer.add_tensor(f"blk.{index}.{name}.weight", float32(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_keys(writer, config):
    from gguf import LlamaFileType

    writer.add_name("MiniMax-shaped hybrid, random weights")
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_expert_count(config.num_local_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    # Spelled out: released gguf packages do not know these keys of the architecture.
    writer.add_float32("minimax-01.residual_scale", float(config.mlp_alpha_factor))
    writer.add_uint32("minimax-01.full_attention_interval", config.layer_types.index("full_attention") + 1)
    writer.add_vocab_size(config.vocab_size)
    # Ids go in and come out: no tokenizer is needed.
    writer.add_tokenizer_model("no_vocab")


def layer_tensors(state, prefix, layer_type):
    """llama.cpp's name and the tensor, for each of a layer's."""
    yield "attn_norm", state[prefix + "input_layernorm.weight"]
    yield "ffn_norm", state[prefix + "post_attention_layernorm.weight"]
    names = {
        "linear_attention": {"attn_qkv": "qkv_proj", "attn_gate": "output_gate", "attn_norm_2": "norm", "attn_output": "out_proj"},
        "full_attention": {"attn_q": "q_proj", "attn_k": "k_proj", "attn_v": "v_proj", "attn_output": "o_proj"},
    }[layer_type]
    for theirs, ours in names.items():
        yield theirs, state[f"{prefix}self_attn.{ours}.weight"]
    yield "ffn_gate_inp", state[prefix + "mlp.gate.weight"]
    gate, up = state[prefix + "mlp.experts.gate_up_proj"].chunk(2, dim=1)
    yield "ffn_gate_exps", gate
    yield "ffn_up_exps", up
    yield "ffn_down_exps", state[prefix + "mlp.experts.down_proj"]


def float32(tensor):
    return np.ascontiguousarray(tensor.float().numpy())


def quantize(tools, source, target, name):
    command = [tools / "llama-quantize", source, target, name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"llama-quantize to {name} failed:\n{done.stdout[-2000:]}")


def make(out, tools):
    out.mkdir(parents=True, exist_ok=True)
    model = random_model()
    print(f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.1f}M parameters")
    write_folder(model, out / "hf")
    write_gguf(model, out / "F32.gguf")
    for name in FORMATS:
        quantize(tools, out / "F32.gguf", out / f"{name}.gguf", name)
    for path in sorted(out.glob("*.gguf")) + [out / "hf" / "model.safetensors"]:
        print(f"{path}: {path.stat().st_size / 1e6:.0f} MB")


# --- check


def quiet():
    """No progress bars, and no report of the tables that write_folder leaves out."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def check(out, tools, docproc):
    ids = [i * 7919 % config().vocab_size for i in range(CHECK_TOKENS)]
    expected = transformers_logits(out / "hf", ids)
    failed = False
    for name in ("F32",) + FORMATS:
        error = report(f"llama.cpp {name}", llama_logits(tools, out / f"{name}.gguf"), expected)
        failed |= name == "F32" and error > CHECK_LIMIT
    if docproc:
        report("docproc", docproc_logits(docproc, out / "hf", ids), expected)
    sys.exit("llama.cpp and transformers run different models" if failed else 0)


def report(name, logits, expected):
    error = float(np.linalg.norm(logits - expected) / np.linalg.norm(expected))
    agree = "same" if logits.argmax() == expected.argmax() else "another"
    print(f"{name}: relative L2 {error:.2e} from transformers fp32, {agree} first token")
    return error


def transformers_logits(folder, ids):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids]), logits_to_keep=1).logits[0, -1].double().numpy()


def llama_logits(tools, gguf):
    with tempfile.NamedTemporaryFile() as file:
        # Three micro-batches, so that the state is handed on. Flash attention would add 3e-4 of its own
        # at this batch.
        setting = ["--ubatch", "128", "--flash-attention", "off", "--lengths", str(CHECK_TOKENS)]
        command = [tools / "llama_peer", "--model", gguf, *setting, "--logits", file.name]
        subprocess.run(command, check=True)
        return np.fromfile(file.name, dtype=np.float32).astype(np.float64)


def docproc_logits(docproc, folder, ids):
    command = [docproc, "model", "logits", folder, "--ids", ",".join(map(str, ids)), "--json"]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return np.array(json.loads(answer.strip().splitlines()[-1])["logits"])


def main():
    quiet()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--tools", type=Path, required=True, help="the bin folder of setup.sh")
    parser.add_argument("--check", action="store_true", help="compare the engines instead of writing")
    parser.add_argument("--docproc", help="with --check: this docproc too")
    options = parser.parse_args()
    if options.check:
        check(options.out, options.tools, options.docproc)
    else:
        make(options.out, options.tools)


if __name__ == "__main__":
    main()
