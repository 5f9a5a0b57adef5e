"""What the receiving side allows: services and gateways, loaded by id or path.

``load_target("textract:async")`` takes a profile of this package and chooses one of its modes;
``load_target("./my.toml")`` takes a file of the user's. docs/targets.md describes the files.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.errors import BadTarget, UnknownTarget
from preflight.model import TargetRef
from preflight.profile import Hop, Target
from preflight.target_file import parse
from preflight.target_view import target_data
from preflight.wording import LIBRARY_WORDS, OrderWords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.profile import ModelInfo

FOLDER = Path(__file__).with_name("targets")
# A profile is a few kilobytes; anything much larger is not one, and parsing it would only cost time.
MAX_FILE_BYTES = 1_000_000

__all__ = [
    "check_target_file",
    "list_targets",
    "load_hop",
    "load_profile",
    "load_target",
    "model_of",
    "profile_ids",
    "target_data",
    "target_ref",
    "tokenizer_of",
]


def profile_ids() -> tuple[str, ...]:
    """Ids of all profiles of this package, sorted, without reading them."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def list_targets() -> tuple[Target | Hop, ...]:
    """Load all profiles of this package, services first, each group sorted by id; every one in its first mode."""
    loaded = [load_profile(name) for name in profile_ids()]
    return tuple(sorted(loaded, key=lambda profile: (isinstance(profile, Hop), profile.id)))


def load_target(reference: str, *, files: bool = True, words: OrderWords = LIBRARY_WORDS) -> Target:
    """Load a receiving service.

    Args:
        reference: Id or path of a TOML file, with ``:mode`` behind it where another than the first mode is meant.
        files: Whether a path is allowed. A network service must not let its callers name files of its host.
        words: What the caller calls targets and gateways.

    Raises:
        UnknownTarget: There is no such service, or it has no such mode.
        BadTarget: The file is not a valid profile.
    """
    profile = load_profile(reference, files=files)
    if isinstance(profile, Target):
        return profile
    raise UnknownTarget(f"{profile.id} is a gateway, not a receiving service. Name it with {words.via}.")


def load_hop(reference: str, *, files: bool = True, words: OrderWords = LIBRARY_WORDS) -> Hop:
    """Load a gateway on the way.

    Args:
        reference: As for :func:`load_target`.
        files: As for :func:`load_target`.
        words: As for :func:`load_target`.

    Raises:
        UnknownTarget: There is no such gateway, or it has no such mode.
        BadTarget: The file is not a valid profile.
    """
    profile = load_profile(reference, files=files)
    if isinstance(profile, Hop):
        return profile
    raise UnknownTarget(f"{profile.id} is a receiving service, not a gateway. Name it with {words.target}.")


def load_profile(reference: str, *, files: bool = True) -> Target | Hop:
    """Load a service or a gateway; see :func:`load_target`."""
    name, mode = _split(reference)
    path = Path(name) if files and _is_path(name) else _own_path(name)
    profile, complaints = parse(_read(path))
    if complaints or profile is None:
        more = f" ({len(complaints)} complaints; preflight targets check {path} lists them)" if complaints[1:] else ""
        raise BadTarget(f"{path} is not a valid profile. {complaints[0]}{more}")
    if mode is None:
        return profile
    for one in profile.modes:
        if one.id == mode:
            return replace(profile, mode=one)
    known = ", ".join(f"{name}:{one.id} ({one.about})" for one in profile.modes)
    raise UnknownTarget(f"{name} has no mode {mode!r}. It has: {known}.")


def check_target_file(path: str | Path) -> list[str]:
    """Say everything that is wrong with a profile file, a line each with line number and field; empty when valid.

    Raises:
        UnknownTarget: There is no readable file at ``path``.
        BadTarget: It is no text, or far too large to be a profile.
    """
    return [str(complaint) for complaint in parse(_read(Path(path)))[1]]


def model_of(target: Target, model: str | None, *, words: OrderWords = LIBRARY_WORDS) -> ModelInfo | None:
    """Choose the model of a target.

    Args:
        target: The service in its mode.
        model: Id as the user wrote it; None for the default.
        words: What the caller calls a model.

    Returns:
        The model; None when this mode of the service offers no choice of models and none was named.

    Raises:
        UnknownTarget: The service does not know the model, so limits and tokens could only be guessed.
    """
    offered = target.offered()
    wanted = model or target.mode.default_model or target.default_model
    if wanted is None or (model is None and not offered):
        return None
    found = next((one for one in offered if one.id == wanted), None)
    if found is not None:
        return found
    if not offered:
        raise UnknownTarget(f"{target.ref} offers no choice of models. Leave {words.model} out.")
    known = [one.id for one in offered]
    near = get_close_matches(wanted, known, n=3, cutoff=0.5) or known
    raise UnknownTarget(
        f"{target.ref} has no figures for the model {wanted!r}. Nearest: {', '.join(near)}. "
        "For another model write a profile of your own (docs/targets.md)."
    )


def tokenizer_of(target: Target, model: str | None = None) -> str | None:
    """Return the tokenizer family of a target (:func:`preflight.tokens.encodings_for` says what to count for it).

    Raises:
        UnknownTarget: The target does not know the model.
    """
    chosen = model_of(target, model)
    return chosen.tokenizer if chosen else target.tokenizer


def target_ref(target: Target, hops: Sequence[Hop] = (), model: str | None = None) -> TargetRef:
    """Return the target as a report names it: ids with their modes, and the model in use.

    Raises:
        UnknownTarget: The target does not know the model.
    """
    chosen = model_of(target, model)
    return TargetRef(id=target.ref, hops=tuple(hop.ref for hop in hops), model=chosen.id if chosen else None)


def _split(reference: str) -> tuple[str, str | None]:
    """Split ``name:mode``. A colon inside a path stays: a mode stands behind an id or behind ``.toml``."""
    name, colon, mode = reference.rpartition(":")
    if colon and (name.endswith(".toml") or not _is_path(reference)):
        return name, mode
    return reference, None


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name or "\\" in name


def _own_path(name: str) -> Path:
    known = profile_ids()
    if name in known:
        return FOLDER / f"{name}.toml"
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Nearest: {', '.join(near)}." if near else f"Known: {', '.join(known)}."
    raise UnknownTarget(f"There is no target or gateway {name!r}. {hint} A file of your own is named by its path.")


def _read(path: Path) -> str:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a device may have no end
            raise BadTarget(f"{path} is no regular file, so it is no profile. See docs/targets.md.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadTarget(f"{path} is over {MAX_FILE_BYTES:,} bytes, so it is no profile. See docs/targets.md.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadTarget(f"{path} is not UTF-8 text. A profile is a TOML file; see docs/targets.md.") from error
    except OSError as error:
        raise UnknownTarget(f"{path} cannot be read ({error.strerror}). Check the path of the profile.") from error
