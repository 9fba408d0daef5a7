"""A tokenizer of our own, for tools that would fetch one from outside: a character is a token.

Thus prompts that a tool makes up have as many characters as the export has tokens, and a server
can count them. It lies where tools look for what they have fetched before.
"""

from __future__ import annotations

import sys
from pathlib import Path

NAME = "local/characters"
_COMMIT = "0" * 39 + "1"


def tokenizer_folder(home: Path) -> Path:
    """Return where the tokenizer lies below the folder that `HF_HOME` names."""
    return home / "hub" / f"models--{NAME.replace('/', '--')}" / "snapshots" / _COMMIT


def write_tokenizer(home: Path) -> None:
    """Write the tokenizer below the folder that `HF_HOME` names."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()

    folder = tokenizer_folder(home)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(str(folder))
    refs = folder.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(_COMMIT)


if __name__ == "__main__":
    write_tokenizer(Path(sys.argv[1]).resolve())
    print(tokenizer_folder(Path(sys.argv[1])))  # noqa: T201
