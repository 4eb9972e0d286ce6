"""Where the wheels that hold programs have put them."""

from importlib.util import find_spec
from pathlib import Path

from deploy.local.processes import StackError


def wheel(package: str) -> Path:
    """The folder of an installed package, found without importing it: only its files are wanted."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise StackError(f"the package {package} is not installed: `pip install -r requirements/dev.txt`")
    return Path(spec.origin).parent
