"""A tokenizer of our own, for tools that would fetch one from outside: a character is a token.

Thus prompts that a tool makes up have as many characters as the export has tokens, and a server
can count them. It lies where tools look for what they have fetched before.
"""

from __future__ import annotations

from pathlib import Path

NAME = "local/characters"
_COMMIT = "0" * 39 + "1"


def write_tokenizer(home: Path) -> None:
    """Write the tokenizer `NAME` below a folder, which `HF_HOME` is to name."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*alphabet, "<s>", "</s>"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )

    folder = home / "hub" / f"models--{NAME.replace('/', '--')}"
    fast.save_pretrained(str(folder / "snapshots" / _COMMIT))
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(_COMMIT)
