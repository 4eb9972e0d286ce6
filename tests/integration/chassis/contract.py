"""The notebook's contract, compiled when the tests are collected."""

import sys
import tempfile
from importlib import import_module, resources
from pathlib import Path

from grpc_tools import protoc

_HERE = Path(__file__).parent
_THIRD_PARTY = Path(__file__).parents[3] / "third_party" / "protovalidate"
_FOLDER = tempfile.TemporaryDirectory(prefix="hotline-notebook-")


def _compile() -> None:
    include = resources.files("grpc_tools") / "_proto"
    code = protoc.main(
        [
            "protoc",
            f"-I{_HERE}",
            f"-I{_THIRD_PARTY}",
            f"-I{include}",
            f"--python_out={_FOLDER.name}",
            f"--grpc_python_out={_FOLDER.name}",
            "notebook.proto",
        ]
    )
    assert code == 0, "notebook.proto does not compile"


_compile()
sys.path.insert(0, _FOLDER.name)
pb = import_module("notebook_pb2")
rpc = import_module("notebook_pb2_grpc")
SERVICE = pb.DESCRIPTOR.services_by_name["NotebookService"]
