"""csource.py: reading C sources for the checks in this folder."""
import re

_TOKENS = re.compile(
    r"//(?:\\\n|[^\n])*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL,
)


def without_comments(text, keep_strings=True):
    """The text with comments (and string contents, if asked) blanked; line numbers stay."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token if keep_strings else token[0] + token[0]

    return _TOKENS.sub(blank, text)


def source_files(root):
    """(module, path) of every source and header of src/."""
    src = root / "src"
    for path in sorted(src.rglob("*")):
        if path.suffix in (".c", ".h", ".cc"):
            yield path.relative_to(src).parts[0], path
